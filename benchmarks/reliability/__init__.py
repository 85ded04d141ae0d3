"""How streaming clients behave on a broken wire, measured over real sockets. See README.md."""
