from django.db import migrations

from inbox import search_index


def prepare(apps, schema_editor):
    search_index.prepare(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("inbox", "0002_engine")]
    operations = [migrations.RunPython(prepare, migrations.RunPython.noop)]
