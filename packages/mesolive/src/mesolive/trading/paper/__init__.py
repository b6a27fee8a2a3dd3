"""Paper accounts: exec plans are executed by fills that the client reports (`ApplyPaperFills`)."""
