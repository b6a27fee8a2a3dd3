"""What the tests of the protocol, the conformance suite and the interop tests share."""
