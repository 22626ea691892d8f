from django.apps import AppConfig


class SandboxConfig(AppConfig):
    """Every network from the other side, over real HTTP; mounted under /sandbox/ where SANDBOX is on."""

    name = "platforms.sandbox"
    label = "sandbox"
