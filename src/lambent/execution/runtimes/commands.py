"""The command lines of our bootstraps: in a sandbox that waits for its function, and in one that has it."""

from __future__ import annotations

import os
from dataclasses import dataclass

# Of the memory that a function is given; AWS starts a 512 MB function with -XX:MaxHeapSize=445645k.
_HEAP_SHARE = 0.85
_SMALLEST_HEAP_KIB = 8_192
_JAR_DIR = "/usr/share/java"
# Of Debian's libjackson2-databind-java and libjna-java.
JARS = tuple(
    f"{_JAR_DIR}/{name}.jar"
    for name in ("jackson-databind", "jackson-core", "jackson-annotations", "jna")
)
_JNI_DIR = f"/usr/lib/{os.uname().machine}-linux-gnu/jni"
_JAVA_FLAGS = (
    # As AWS starts its JVMs: what lives for seconds gains more from a quick start than from a second compiler.
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xshare:auto",
    "-XX:-UsePerfData",
    "-Dfile.encoding=UTF-8",
    "-Dstdout.encoding=UTF-8",
    "-Dstderr.encoding=UTF-8",
    # What a JVM that has started before its function must change of itself (Surroundings.java, Channel.java).
    *("--add-opens", "java.base/java.lang=ALL-UNNAMED"),
    *("--add-opens", "java.base/java.util=ALL-UNNAMED"),
    *("--add-opens", "java.base/java.io=ALL-UNNAMED"),
    "--enable-native-access=ALL-UNNAMED",
    f"-Djna.boot.library.path={_JNI_DIR}",
)


@dataclass(frozen=True)
class Bootstrap:
    """What a sandbox starts. `runtime_dir`: where the files of our bootstraps lie, as seen in the sandbox."""

    language: str
    interpreter: str
    runtime_dir: str

    def variables(self) -> dict[str, str]:
        """The environment of a runtime that waits for its function."""
        variables = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
        # What the variables of its function are encoded in, Ruby decides when it starts.
        return variables | ({"LANG": "C.UTF-8"} if self.language == "ruby" else {})

    def command(self, memory_mib: int, *, is_assigned: bool) -> list[str]:
        """Args: the function's memory, which decides a JVM's heap; whether ASSIGN lies in the socket already."""
        assigned = ["assigned"] if is_assigned else []
        if self.language == "python":
            return [self.interpreter, f"{self.runtime_dir}/exec_start.py"]
        if self.language == "node":
            return [self.interpreter, f"{self.runtime_dir}/bootstrap.js", *assigned]
        if self.language == "ruby":
            # A host without the locale of AWS's variables would have Ruby take text for ASCII.
            return [
                *(self.interpreter, "-EUTF-8", f"{self.runtime_dir}/bootstrap.rb"),
                *assigned,
            ]
        heap_kib = max(_SMALLEST_HEAP_KIB, int(memory_mib * 1024 * _HEAP_SHARE))
        own = ":".join((f"{self.runtime_dir}/own/", *JARS))
        # Where it will be once it is assigned; it cannot be told later.
        place = (
            [] if is_assigned or self.runtime_dir != "/var/runtime" else ["-Duser.dir=/var/task"]
        )
        return [
            *(self.interpreter, f"-Xmx{heap_kib}k", *_JAVA_FLAGS, *place),
            *("-cp", f"{self.runtime_dir}/api", "lambent.boot.Main", own, *assigned),
        ]
