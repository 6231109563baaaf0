from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("runs", "0016_estimates")]

    operations = [
        migrations.AddField(
            model_name="webhook",
            name="paused_at",
            field=models.DateTimeField(null=True),
        ),
    ]
