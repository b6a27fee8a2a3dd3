"""Notifications: rules that send events by mail, chat or webhook, each event at most once."""
