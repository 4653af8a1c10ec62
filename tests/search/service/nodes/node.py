"""`handrail run` as the proof starts it: topics are looked at each few seconds, and each grouping is written down.

In the service it is every ten minutes, which would leave one look for a run. The variable CLUSTER_GROUPINGS names the
file: a line when a process begins to group, and one when it ends, each in one write.
"""

from __future__ import annotations

import os
import time

from handrail_kb.cli.group import main
from handrail_search.adapters import topic_refresh

EVERY_SECONDS = 4.0


def noted(refresh):
    """The same function, which says when it began and ended."""

    def note(what):
        line = f"{time.time():.6f} {os.getpid()} {what}\n"
        file = os.open(os.environ["CLUSTER_GROUPINGS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(file, line.encode())
        os.close(file)

    def refreshed(*args, **more):
        note("begins")
        try:
            return refresh(*args, **more)
        finally:
            note("ends")

    return refreshed


if __name__ == "__main__":
    topic_refresh.TopicWatch.__init__.__kwdefaults__["every"] = EVERY_SECONDS
    topic_refresh.refresh_topics = noted(topic_refresh.refresh_topics)
    main(["run"])
