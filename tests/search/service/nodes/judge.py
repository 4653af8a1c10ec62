"""What is wrong after the cluster was disturbed, in sentences; nothing when every promise holds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from feedback.delivery.experiment.judge import check, check_receipts

# So long after a mail was taken its sender has noted it, unless something was taken away from under it.
_NOTED_WITHIN = 6.0


@dataclass(frozen=True)
class Disturbance:
    """What was done to which machine, from when until it was well again, in seconds since 1970."""

    what: str
    node: int | None
    began: float
    ended: float


def wrong_with(done, mailbox, kept, disturbances, groupings, customers):
    """All that is wrong. `kept` is what the store holds: `messages`, `votes`, `decisions`."""
    codes = {code: (words, done.seen_at[code]) for words, code in done.codes.items()}
    return [
        *check(codes, mailbox.for_people(), dict(kept["messages"]), len(done.codes)),
        *check_receipts(mailbox.receipts(), mailbox.for_people()),
        *unexplained(mailbox.arrivals, disturbances),
        *lost(done.votes.items(), kept["votes"], "votes"),
        *lost(done.decisions.items(), kept["decisions"], "decisions"),
        *failures(done, disturbances, customers),
        *grouped_at_once(groupings, disturbances),
    ]


def lost(confirmed, kept, what):
    """What was confirmed and is not in the store, or is there more than once."""
    times = Counter(kept)
    gone = [one for one in confirmed if not times[one]]
    twice = [one for one in confirmed if times[one] > 1]
    found = [f"{len(gone)} confirmed {what} are not in the store: {gone[:3]}"] if gone else []
    return found + ([f"{len(twice)} {what} are there twice: {twice[:3]}"] if twice else [])


def duplicates(arrivals):
    """The moments of each mail that came more than once."""
    moments = {}
    for at, key in arrivals:
        moments.setdefault(key, []).append(at)
    return {key: times for key, times in moments.items() if len(times) > 1}


def unexplained(arrivals, disturbances):
    """Mails that came again though nothing was disturbed when they were sent: two senders, or a note that was lost."""
    takes_away = [one for one in disturbances if one.node is not None or one.what.startswith("PostgreSQL")]
    strange = [
        key
        for key, times in duplicates(arrivals).items()
        if not any(one.began - 1 <= times[0] + _NOTED_WITHIN and times[0] - 1 <= one.ended for one in takes_away)
    ]
    return [f"{len(strange)} mails came twice, and nothing was disturbed: {strange[:3]}"] if strange else []


def failures(done, disturbances, customers):
    """Requests that failed. Only what a killed node was sending at that moment may break off."""
    kills = sum(one.what == "node killed" for one in disturbances)
    found = [f"{len(done.failed)} requests failed: {done.failed[:5]}"] if done.failed else []
    if len(done.cut) > kills * customers:
        found.append(f"{len(done.cut)} answers broke off, more than {kills} killed nodes can have been sending")
    return found


def grouped_at_once(groupings, disturbances):
    """Moments at which two processes grouped topics. Who was told to end, was killed, or lost the database, grouped
    until then: a process that ends does not wait for its grouping, whose result is then refused.

    `groupings`: lines of `time pid begins|ends`, as `node.py` writes them.
    """
    at_work, found = {}, []
    lost = [(one.began, one.ended) for one in disturbances if one.node is not None or "PostgreSQL" in one.what]
    for line in sorted(groupings, key=lambda line: float(line.split()[0])):
        at, pid, what = line.split()
        if what == "ends":
            at_work.pop(pid, None)
            continue
        others = [
            other
            for other, since in at_work.items()
            if not any(began <= float(at) and since <= ended for began, ended in lost)
        ]
        if others:
            found.append(f"processes {others} and {pid} grouped topics at once")
        at_work = dict.fromkeys(others, 0.0) | {pid: float(at)}
    return found
