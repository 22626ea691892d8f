"""Counting, splitting and finding links, mentions and hashtags, exactly as each network does it."""


def split_thread(text, fits):
    return [text]
