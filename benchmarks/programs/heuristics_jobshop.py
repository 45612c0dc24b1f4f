def priority(job, machine, state):
    """Most work remaining, but rather short operations, and jobs whose next machine is about to run dry."""
    number = job["work_left"] - 0.3 * job["time"]
    if job["next_machine"] >= 0:
        number -= 0.15 * state["waiting"][job["next_machine"]]
        number += 0.1 * state["work_left"][job["next_machine"]]
    return number + 0.1 * job["waited"]
