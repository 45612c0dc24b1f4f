"""A program as the model: the prompt goes to its standard input or a file, its standard output is the reply.

So assistants that come as command lines answer for a model, on whatever account they are logged in with.
"""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from genopt_gym.llm.backend import Backend
from genopt_gym.llm.client import Client
from genopt_gym.llm.command_output import OutputForm, Printed, clean, read_output
from genopt_gym.llm.errors import ModelError, Transient
from genopt_gym.llm.places import RunningPlaces
from genopt_gym.llm.request import Reply, Request
from genopt_gym.llm.settings import Settings

MOST_OUTPUT = 4 * 1024**2
"""Bytes of standard output; a program that prints more is stopped, and what it printed is no reply."""
MOST_WORDS = 400
"""Characters of a program's own words in a message."""
PROMPT_FILE, SESSION = "{prompt_file}", "{session}"
FIRST_LOOK, LAST_LOOK = 0.01, 0.1
"""Seconds between looks at whether it has ended, at first and at most."""

_NOT_LOGGED_IN = re.compile(
    r"\b(log ?in|logged (in|out)|sign ?in|signed (in|out)|authenticat\w+|unauthori[sz]ed|api key|credentials?)\b", re.I
)


@dataclass(frozen=True)
class ProgramEnd:
    """A program that has ended: its exit code, and what it printed; ``too_long`` if it was stopped for that."""

    code: int
    out: str
    err: str
    too_long: bool = False

    @property
    def words(self) -> str:
        """The end of what it said, standard error first."""
        said = " ".join((clean(self.err).strip() or clean(self.out).strip()).split())
        return said[-MOST_WORDS:] or "it printed nothing"


@dataclass(eq=False)
class CommandModel(Backend):
    """Answers by running a program.

    Args:
        command: its arguments. ``{prompt_file}`` in one of them is the path of a file with the prompt; standard input
            is empty then.
        form: of its output; ``None`` is plain text.
        timeout: seconds for one run of it.
        folder: where it runs; ``None`` is an empty one of its own.
        continued: arguments with which it goes on with its last conversation, whose name is ``{session}``; it is told
            only what is new then. ``None`` begins a new conversation for each prompt.
        places: how many of them run at once on this machine.
    """

    command: Sequence[str]
    form: OutputForm | None = None
    timeout: float = 600.0
    folder: Path | None = None
    continued: Sequence[str] | None = None
    places: RunningPlaces | None = None
    _history: list[str] = field(default_factory=list)
    _session: str = ""
    _is_open: bool = False
    """Whether the conversation is one that this process can go on with."""

    counts_tokens = False  # it is known afterwards at best

    def __post_init__(self) -> None:
        self._kept: tempfile.TemporaryDirectory[str] | None = None

    @property
    def name(self) -> str:
        """What requests call it."""
        return f"command/{shlex.join(self.command)}"

    async def complete(self, request: Request, settings: Settings) -> Reply:
        going_on = self.continued is not None and self._is_open
        command = (self.continued or ()) if going_on else self.command
        found = shutil.which(command[0])
        if found is None:
            raise ModelError(_missing(command[0]))
        prompt = rendered(request, only_new=going_on)
        if self._history and not going_on:
            prompt = "\n\n".join([*self._history, _asked(request)])
        with ExitStack() as opened:
            folder = self._place(opened)
            arguments = [os.path.abspath(found), *(part.replace(SESSION, self._session) for part in command[1:])]
            if any(PROMPT_FILE in part for part in arguments):
                path = opened.enter_context(_written(prompt, folder))
                arguments, prompt = [part.replace(PROMPT_FILE, str(path)) for part in arguments], ""
            if self.places is not None:
                await self.places.take(opened)
            try:
                ended = await _run(arguments, prompt, folder, self.timeout)
            except BaseException:
                self._is_open = False
                raise
        return self._reply(ended, command[0])

    def obstacle(self) -> str:
        """Why it cannot be run here; empty if it can."""
        missing = [each[0] for each in (self.command, self.continued) if each and shutil.which(each[0]) is None]
        return _missing(missing[0]) if missing else ""

    def remember(self, request: Request, reply: Reply) -> None:
        """What was said, recorded or not: a conversation that is begun anew is told all of it."""
        if self.continued is not None:
            asked = _asked(request) if self._history else rendered(request)
            self._history += [asked, f"# Assistant\n\n{reply.text}"]
            if session := str(reply.extra.get("session", "")):
                self._session, self._is_open = session, True

    def begin(self) -> None:
        """A new run: nothing was said."""
        self._history, self._session, self._is_open = [], "", False

    def close(self) -> None:
        """Remove the folder in which the conversation took place."""
        if self._kept is not None:
            self._kept.cleanup()
            self._kept = None

    def _place(self, opened: ExitStack) -> Path:
        if self.folder is not None:
            return self.folder
        if self.continued is None:
            return Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="genopt-command-")))
        if self._kept is None:
            # Assistants look for their conversations by the folder that they were in.
            self._kept = tempfile.TemporaryDirectory(prefix="genopt-command-")
        return Path(self._kept.name)

    def _reply(self, ended: ProgramEnd, program: str) -> Reply:
        if ended.too_long:
            return Reply(f"(more than {MOST_OUTPUT // 1024**2} MiB were printed, and not read)", "stop", 0, 0, None)
        printed = read_output(ended.out, self.form)
        problem = self._problem(ended, printed)
        if problem is not None:
            self._is_open = False
            words = f"{program} {problem}"
            if _NOT_LOGGED_IN.search(problem):
                raise ModelError(f"{words}; run it by hand to see that it is logged in")
            raise Transient(words, may_have_cost=True)
        self._is_open = True
        extra = {"session": printed.session} if printed.session else {}
        return Reply(printed.text, "stop", printed.prompt_tokens, printed.completion_tokens, printed.money, extra)

    def _problem(self, ended: ProgramEnd, printed: Printed) -> str | None:
        """Why there is no reply, if so; silence is one."""
        if ended.code < 0:
            return f"was ended by signal {-ended.code}: {ended.words}"
        if ended.code:
            return f"ended with exit code {ended.code}: {printed.error[:MOST_WORDS] or ended.words}"
        if printed.error and not printed.text:
            return f"reports an error: {printed.error[:MOST_WORDS]}"
        if self.form is not None and not printed.text and ended.out.strip():
            return f"printed nothing in which a reply stands where output= says: {ended.words}"
        return None


class ConversationClient(Client):
    """A client that also tells the program's backend what was said, recorded or not."""

    def __init__(self, client: Client, settings: Settings, model: CommandModel) -> None:
        super().__init__(client.budget, None, settings, model)
        self.replies = client.replies
        self._model = model

    def complete(self, request: Request, role: str = "proposer") -> Reply:
        reply = super().complete(request, role)
        self._model.remember(request, reply)
        return reply


def rendered(request: Request, only_new: bool = False) -> str:
    """A request as one text: each message under its role; ``only_new`` leaves out what a conversation has had.

    >>> messages = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"}]
    >>> rendered(Request("command/any", messages), only_new=True)
    'Hi'
    """
    messages = request.messages
    if only_new:
        said = max((n + 1 for n, message in enumerate(messages) if message["role"] == "assistant"), default=0)
        new = [message for message in messages[said:] if message["role"] != "system"]
        return "\n\n".join(str(message["content"]) for message in new)
    return "\n\n".join(f"# {message['role'].capitalize()}\n\n{message['content']}" for message in messages)


def _missing(command: str) -> str:
    return f"there is no command {command!r} here: install it, or give its whole path"


def _asked(request: Request) -> str:
    """What of a request is new in a conversation that is told as a whole."""
    return f"# User\n\n{rendered(request, only_new=True)}"


@contextmanager
def _written(prompt: str, folder: Path) -> Iterator[Path]:
    descriptor, name = tempfile.mkstemp(prefix="genopt-prompt-", suffix=".md", dir=folder)
    path = Path(name)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(prompt)
        yield path
    finally:
        path.unlink(missing_ok=True)


async def _run(arguments: Sequence[str], prompt: str, folder: Path, timeout: float) -> ProgramEnd:
    """Run a program on files, not pipes: whoever holds its output open, it has ended when it has ended."""
    with ExitStack() as opened:
        said, out, err = (opened.enter_context(tempfile.TemporaryFile()) for _ in range(3))
        said.write(prompt.encode("utf-8", "replace"))
        said.seek(0)
        try:
            process = subprocess.Popen(
                arguments,
                stdin=said,
                stdout=out,
                stderr=err,
                cwd=folder,
                start_new_session=True,  # Ctrl-C is ours; and it is ended with all that it has started
            )
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise ModelError(f"{arguments[0]} cannot be run in {folder}: {why}") from None
        too_long, loop = False, asyncio.get_running_loop()
        deadline, pause = loop.time() + timeout, FIRST_LOOK
        try:
            while process.poll() is None and not too_long and loop.time() < deadline:
                await asyncio.sleep(pause)
                pause = min(1.5 * pause, LAST_LOOK)
                too_long = os.fstat(out.fileno()).st_size > MOST_OUTPUT
        finally:
            late = process.poll() is None
            if late:
                _kill(process)
        too_long = too_long or os.fstat(out.fileno()).st_size > MOST_OUTPUT
        ended = ProgramEnd(process.returncode, _text(out), _text(err), too_long)
        if late and not too_long:
            words = f"{arguments[0]} gave no answer within {timeout:g} s: {ended.words}"
            raise Transient(words, may_have_cost=True)
        return ended


def _kill(process: subprocess.Popen[bytes]) -> None:
    """With whatever it has started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    process.wait()


def _text(file: IO[bytes]) -> str:
    return os.pread(file.fileno(), MOST_OUTPUT, 0).decode("utf-8", "replace")
