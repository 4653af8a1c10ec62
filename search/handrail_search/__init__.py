"""Search: the index, questions and their answers, evaluation, and the service."""

import os

# Its wheels report to Microsoft since 1.29, and give the machine a number for that. They look here once, when they are
# loaded, so this stands before everything that may load them; who runs Handrail was promised that nobody is told.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
