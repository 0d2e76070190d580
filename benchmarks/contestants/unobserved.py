"""The platform without the observers of its invocations: neither metered nor told to CloudWatch and Prometheus.

There is no setting for that. Its interpreter is a virtual environment of the benchmark's own, which finds everything in
ours and, before the core begins, replaces what tells the observers.
"""

from __future__ import annotations

import site
import subprocess
import sys
import sysconfig
from pathlib import Path

from benchmarks.contestants.lambent import Lambent
from benchmarks.contestants.server import NotAvailable, install_environment

# Read by `site` in every interpreter of that environment: the launcher's runs without it.
_HOOK = "lambent_unobserved"
_PROGRAM = """\
from lambent.execution.spec import Observers


def _tell_nobody(*what):
    pass


def _of_nobody(self, **told):
    self.answers = self.ended = self.throttled = _tell_nobody


Observers.__init__ = _of_nobody
"""


class Unobserved(Lambent):
    name = "unobserved"

    @property
    def _environment(self) -> Path:
        return self.work_dir / "environment"

    @property
    def interpreter(self) -> str:
        return str(self._environment / "bin" / "python")

    def install(self) -> None:
        """Make the environment. Raises NotAvailable."""
        made = subprocess.run(
            [sys.executable, "-m", "venv", "--without-pip", str(self._environment)],
            env=install_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            raise NotAvailable(f"no virtual environment: {made.stderr.strip()}")
        paths = sysconfig.get_paths(vars={"base": str(self._environment)})
        packages = Path(paths["purelib"])
        (packages / f"{_HOOK}.py").write_text(_PROGRAM)
        ours = "".join(
            f"import site; site.addsitedir({path!r})\n" for path in site.getsitepackages()
        )
        # Read in the order of their names: first what the hook imports.
        (packages / "a.pth").write_text(ours)
        (packages / "b.pth").write_text(f"import {_HOOK}\n")
