from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("runs", "0012_tracked")]

    operations = [
        migrations.AddField(model_name="run", name="paused_at", field=models.DateTimeField(null=True)),
        migrations.AddField(model_name="run", name="paused_seconds", field=models.FloatField(default=0)),
        migrations.AddField(model_name="run", name="resumed_at", field=models.DateTimeField(null=True)),
    ]
