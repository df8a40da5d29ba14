"""Has a Dask cluster advise a folder of recordings together.

    pip install "dask[distributed]"
    dask scheduler & dask worker tcp://127.0.0.1:8786 & dask worker tcp://127.0.0.1:8786 &
    python advise-fleet.py tcp://127.0.0.1:8786 recordings [options of highwater advise]

Each unit is one recording with one change, run by the command `highwater`, which must be on the workers' PATH with the recordings
at the same path. A worker that is lost loses nothing: Dask gives its units to the others. A line is kept as soon as it is there,
and lines of an earlier, interrupted run are not run again.
"""

import json
import subprocess
import sys
from pathlib import Path

from dask.distributed import Client, as_completed

LINES = Path("advise-lines.jsonl")


def highwater(*arguments):
    command = ["highwater", "advise", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def run(unit, options):
    return highwater("--unit", unit, *options)


def main():
    scheduler, folder, *options = sys.argv[1:]
    units = highwater(folder, "--plan", *options).splitlines()
    known = LINES.read_text().splitlines() if LINES.exists() else []
    done = [json.loads(line)["unit"] for line in known]
    units = [unit for unit in units if json.loads(unit) not in done]
    with Client(scheduler) as client, LINES.open("a") as lines:
        futures = client.map(run, units, options=options, pure=False)
        for future, line in as_completed(futures, with_results=True):
            lines.write(line)
            lines.flush()
    print(highwater(folder, "--from", str(LINES), *options), end="")


if __name__ == "__main__":
    main()
