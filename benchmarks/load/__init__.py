"""The load: processes that hold streams and processes that post, on plain sockets.

They must cost less than the server that they measure, on a machine that both share: so nothing of what a client should
do is done here. A delivery is a place in what is read where `MARK` stands.
"""

# Stands in every notification that is posted here. Long: the longer, the fewer bytes `bytes.count` looks at.
MARK = b"getnotified-benchmark-delivery"
