"""What a decided event does, computed a second time: plain, slow, by the words of `docs/effects.md` alone.

`State` applies events; `compare` says where a trace tells it otherwise. Sections are those of that page.
"""
