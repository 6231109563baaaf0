import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("runs", "0017_webhook_paused"),
    ]

    operations = [
        migrations.AddField(
            model_name="token",
            name="attempt",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="runs.attempt",
            ),
        ),
    ]
