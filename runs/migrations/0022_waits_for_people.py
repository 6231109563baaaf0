from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("runs", "0021_usual_work"),
    ]

    operations = [
        migrations.AddField(
            model_name="run",
            name="person_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="run",
            name="person_seconds",
            field=models.FloatField(default=0, null=True),
        ),
        migrations.AddField(
            model_name="attempt",
            name="asked_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="attempt",
            name="asked_seconds",
            field=models.FloatField(default=0),
        ),
        # Of earlier runs nobody has counted it.
        migrations.RunSQL("UPDATE runs_run SET person_seconds = NULL", migrations.RunSQL.noop),
    ]
