"""Interactions become rows. Each recording's keeps its id; links come with new recordings."""

import django.db.models.deletion
from django.db import migrations, models

FILL = """
    INSERT INTO recordings_interaction (interaction_id, began_at)
    SELECT interaction_id, MIN(started_at) FROM recordings_recording GROUP BY interaction_id
"""


class Migration(migrations.Migration):

    dependencies = [('recordings', '0002_phone_system')]

    operations = [
        migrations.CreateModel(
            name='Interaction',
            fields=[
                ('interaction_id', models.UUIDField(primary_key=True, serialize=False)),
                ('began_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='InteractionKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(max_length=64)),
                ('first_at', models.DateTimeField()),
                ('last_at', models.DateTimeField()),
                ('interaction', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='keys', to='recordings.interaction')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('digest', 'interaction'), name='interaction_has_key_once')],
            },
        ),
        migrations.RunSQL(FILL, "DELETE FROM recordings_interaction"),
        migrations.RenameField('recording', 'interaction_id', 'interaction'),
        migrations.AlterField(
            model_name='recording',
            name='interaction',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='recordings', to='recordings.interaction'),
        ),
        migrations.AddField(
            model_name='recording',
            name='participants',
            field=models.JSONField(default=list),
        ),
    ]
