"""Help for tests of your own: of code that uses streamkit, and of adapters.

`decode` and `frames` show what streamkit makes of recorded bytes, without a network. `Fake` is an
adapter with a script, for testing your program's behaviour when an answer comes, breaks off, stalls
or fails. `MemoryTransport` serves recorded bytes, with cuts and faults, to a real client.
`Recording` reads and writes such bytes as a text file; `aws_message` makes them for AWS.
"""

from streamkit.testing._aws import aws_message
from streamkit.testing._decode import Decoded, Frames, decode, frames
from streamkit.testing._fake import Err, Fake, Lose, Script, Stall, Stop
from streamkit.testing._memory import MemoryTransport, Tape
from streamkit.testing._recording import Recording

__all__ = [
    "Decoded",
    "Err",
    "Fake",
    "Frames",
    "Lose",
    "MemoryTransport",
    "Recording",
    "Script",
    "Stall",
    "Stop",
    "Tape",
    "aws_message",
    "decode",
    "frames",
]
