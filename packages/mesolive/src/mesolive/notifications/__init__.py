"""Notifications: rules that tell a person of events by mail, chat or webhook, each event at most once."""
