from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("runs", "0019_checkpoint_speedup"),
    ]

    operations = [
        migrations.AddField(
            model_name="agent",
            name="dismissed_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
    ]
