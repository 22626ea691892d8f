"""What the Bot API's refusals mean. Its words are no contract: fragments are looked for, then the code."""

from datetime import timedelta

from platforms.errors import (
    Duplicate,
    InvalidContent,
    MediaRejected,
    NotFound,
    PermissionMissing,
    RateLimited,
    Refused,
    TokenExpired,
    Unavailable,
)
from platforms.failures import Failure

_ADD = "Make the bot an administrator of the chat in Telegram, with the right to post, then press Retry."
_AGAIN = "Check that the bot is in the chat, then connect it again."
_OTHER_MEDIA = "Use another file."
_OPERATOR = "Ask whoever runs this installation to look at TELEGRAM_API_URL and the bot's webhook."

FAILURES = (
    # where it should go
    Failure(
        NotFound, "Telegram does not know this chat, or the bot is not in it.", _AGAIN, words="chat not found"
    ),
    Failure(InvalidContent, "No chat was named.", _AGAIN, words="chat_id is empty"),
    Failure(
        InvalidContent,
        "The chat has no topic with this number.",
        "Correct the topic, or leave it empty.",
        words="message thread not found",
    ),
    Failure(NotFound, "The message that this answers is gone.", words="message to be replied not found"),
    Failure(NotFound, "The message that this answers is gone.", words="message to reply not found"),
    # what the bot may do
    Failure(PermissionMissing, "The bot may not do this in the chat.", _ADD, words="not enough rights"),
    Failure(
        PermissionMissing, "The bot is not an administrator there.", _ADD, words="need administrator rights"
    ),
    Failure(PermissionMissing, "The bot is not an administrator there.", _ADD, words="chat_admin_required"),
    Failure(PermissionMissing, "The bot may not write in the chat.", _ADD, words="chat_write_forbidden"),
    Failure(PermissionMissing, "The bot was removed from the chat.", _ADD, words="bot was kicked"),
    Failure(PermissionMissing, "The bot is not in the chat.", _ADD, words="bot is not a member"),
    Failure(PermissionMissing, "The group was deleted.", _AGAIN, words="group chat was deleted"),
    Failure(
        PermissionMissing,
        "This person has blocked the bot.",
        "They must unblock it in Telegram before they can be written to.",
        words="blocked by the user",
    ),
    Failure(
        PermissionMissing,
        "This person's account is closed.",
        "Nothing can be sent there.",
        words="user is deactivated",
    ),
    Failure(
        PermissionMissing,
        "A bot may not write to somebody who never wrote to it.",
        "They must press Start first.",
        words="can't initiate conversation",
    ),
    # the text
    Failure(InvalidContent, "The message has no text.", words="message text is empty"),
    Failure(InvalidContent, "The text is too long for Telegram.", "Shorten it.", words="message is too long"),
    Failure(
        InvalidContent,
        "The text is too long to stand under media.",
        "Shorten it to 1,024 characters, or send it as a message of its own.",
        words="caption is too long",
    ),
    Failure(
        InvalidContent,
        "Telegram could not read the formatting of the text.",
        "Take out unusual marks.",
        words="can't parse entities",
    ),
    # what is there already, or no more
    Failure(Duplicate, "It says this already.", words="message is not modified"),
    Failure(Duplicate, "It is pinned already.", words="chat_not_modified"),
    Failure(NotFound, "The message is gone.", words="message to edit not found"),
    Failure(NotFound, "Telegram does not let this message be changed.", words="message can't be edited"),
    Failure(NotFound, "The message is gone already.", words="message to delete not found"),
    Failure(
        NotFound,
        "Telegram does not let the bot delete this message.",
        "Delete it in Telegram, or give the bot the right to delete messages.",
        words="message can't be deleted",
    ),
    # media
    Failure(MediaRejected, "Telegram does not know this file.", _OTHER_MEDIA, words="wrong file identifier"),
    Failure(MediaRejected, "Telegram could not fetch the file.", _OTHER_MEDIA, words="wrong http url"),
    Failure(
        MediaRejected,
        "Telegram could not fetch the file.",
        _OTHER_MEDIA,
        words="failed to get http url content",
    ),
    Failure(
        MediaRejected,
        "Telegram could not use the fetched file.",
        _OTHER_MEDIA,
        words="wrong type of the web page",
    ),
    Failure(
        MediaRejected, "Telegram could not fetch the file.", _OTHER_MEDIA, words="can't upload file by url"
    ),
    Failure(
        MediaRejected,
        "Telegram does not take a picture of this shape.",
        "Width and height may be 10,000 together, and one side 20 times the other.",
        words="photo_invalid_dimensions",
    ),
    Failure(
        MediaRejected, "Telegram could not read the picture.", _OTHER_MEDIA, words="image_process_failed"
    ),
    Failure(
        MediaRejected, "Telegram does not take this kind of picture.", _OTHER_MEDIA, words="photo_ext_invalid"
    ),
    Failure(MediaRejected, "Telegram received an empty file.", _OTHER_MEDIA, words="media_empty"),
    Failure(
        MediaRejected,
        "Telegram does not take these files in one album.",
        "Use pictures and videos together, or documents alone.",
        words="can't use the media of the specified type in the album",
    ),
    Failure(
        MediaRejected, "The file is too big for Telegram.", "Use a smaller one.", words="file is too big"
    ),
    Failure(
        MediaRejected,
        "The files are too big for Telegram.",
        "Use smaller ones.",
        code="413",
    ),
    # buttons
    Failure(
        InvalidContent,
        "The buttons are too much for Telegram.",
        "Take some out.",
        words="reply markup is too long",
    ),
    Failure(
        InvalidContent,
        "Telegram does not take a button's address.",
        "Correct it.",
        words="button_url_invalid",
    ),
    Failure(InvalidContent, "Telegram does not take a button.", "Shorten it.", words="button_data_invalid"),
    Failure(
        Refused, "This press of a button was answered too late.", "Press it again.", words="query is too old"
    ),
    # the bot
    Failure(TokenExpired, "Telegram no longer accepts the bot's token.", code="401"),
    Failure(Unavailable, "Somebody else reads this bot's messages just now.", words="terminated by other"),
    Failure(
        Refused,
        "This bot's messages go to a webhook.",
        "They arrive there; nothing is to be done.",
        words="webhook is active",
    ),
    Failure(Refused, "The bot lives on another server.", _OPERATOR, code="421"),
    Failure(Refused, "Telegram does not know what was asked.", _OPERATOR, words="method not found"),
    Failure(RateLimited, "Telegram asks us to slow down.", code="429", again=timedelta(seconds=30)),
)
