from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="account",
            name="refresh_failures",
            field=models.PositiveSmallIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name="account",
            name="refreshed_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="token granted"),
        ),
    ]
