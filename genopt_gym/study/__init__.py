"""Many runs: plan, execute, statistics, report."""
