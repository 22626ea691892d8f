from typing import ClassVar

from platforms.base import Platform


class X(Platform):
    name = "x"
    label = "X"
