"""python3 -u -m coglet --name N --ipc-url URL --working-dir DIR"""

import argparse
import os
import sys

from coglet.host import Host


def main() -> int:
    parser = argparse.ArgumentParser(prog="coglet")
    parser.add_argument("--name", required=True)
    parser.add_argument("--ipc-url", required=True)
    parser.add_argument("--working-dir", required=True)
    arguments = parser.parse_args()
    return Host(arguments.name, arguments.ipc_url, arguments.working_dir).main()


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    # Threads of the predictor's own would keep a process that has nothing left to do.
    os._exit(code)
