"""The first sync of sync engines from npm and of ours, from one page server, each in a process of its own."""
