"""What people type about themselves and their workspace."""

from django import forms


class SignupForm(forms.Form):
    def signup(self, request, user):
        pass
