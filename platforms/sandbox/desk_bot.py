"""The bot that the sandbox keeps for the desk itself: in the demo people link with it without any key."""

BOT = "7330145520"
HANDLE = "sns_auto_desk_bot"
NAME = "SNS Auto"
TOKEN = f"{BOT}:AAHk2mR8sandbox-desk-notifier-9xW"
