"""The three hubs: decode an argument, call a service, answer in the envelope. No rules here."""
