"""python3 -u -m coglet --name N --ipc-url URL --working-dir DIR"""

import argparse
import os
import sys

from coglet.host import Host


def limit_memory() -> None:
    """What the process may have for itself: over it Python raises MemoryError, which fails one prediction and not the process."""
    mebibytes = os.environ.pop("COGLET_MEMORY_MB", None)
    if mebibytes is None:
        return
    import resource

    size = int(mebibytes) * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_DATA, (size, size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> int:
    parser = argparse.ArgumentParser(prog="coglet")
    parser.add_argument("--name", required=True)
    parser.add_argument("--ipc-url", required=True)
    parser.add_argument("--working-dir", required=True)
    arguments = parser.parse_args()
    limit_memory()
    return Host(arguments.name, arguments.ipc_url, arguments.working_dir).main()


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    # Threads of the predictor's own would keep a process that has nothing left to do.
    os._exit(code)
