import callvault.portal.people.constraints
import callvault.portal.people.models
import callvault.portal.people.sources
from callvault.portal.people.sorting import search_text, sort_name
from django.db import migrations, models


def derive(apps, schema_editor):
    """Work out what the rows there are sorted and found by."""
    people = apps.get_model("people", "User").objects
    for person in people.order_by("pk").iterator(chunk_size=1000):
        derived = {"sort_name": sort_name(person), "search_text": search_text(person)}
        people.filter(pk=person.pk).update(**derived)


class Migration(migrations.Migration):

    dependencies = [
        ('people', '0001_initial'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='user',
            options={'ordering': ('sort_name', 'id')},
        ),
        migrations.RemoveConstraint(
            model_name='user',
            name='person_extension_unique',
        ),
        migrations.RemoveConstraint(
            model_name='user',
            name='person_alias_unique',
        ),
        migrations.AddField(
            model_name='user',
            name='attach_recording',
            field=models.BooleanField(default=False, verbose_name='attach recording'),
        ),
        migrations.AddField(
            model_name='user',
            name='numeric_partition_id',
            field=models.CharField(blank=True, max_length=16, verbose_name='numeric partition ID'),
        ),
        migrations.AddField(
            model_name='user',
            name='numeric_user_id',
            field=models.CharField(blank=True, max_length=16, verbose_name='numeric user ID'),
        ),
        migrations.AddField(
            model_name='user',
            name='search_text',
            field=models.CharField(default='', editable=False, max_length=2000),
        ),
        migrations.AddField(
            model_name='user',
            name='send_notifications',
            field=models.BooleanField(default=False, verbose_name='send e-mail notifications'),
        ),
        migrations.AddField(
            model_name='user',
            name='sort_name',
            field=models.CharField(default='', editable=False, max_length=450),
        ),
        migrations.AddField(
            model_name='user',
            name='source',
            field=models.CharField(choices=callvault.portal.people.sources.sources, default='hand', editable=False, max_length=16, verbose_name='source'),
        ),
        migrations.AddField(
            model_name='user',
            name='version',
            field=models.PositiveIntegerField(default=1, editable=False),
        ),
        migrations.AddField(
            model_name='user',
            name='zone',
            field=models.CharField(blank=True, max_length=64, verbose_name='time zone'),
        ),
        migrations.AlterField(
            model_name='user',
            name='language',
            field=models.CharField(blank=True, choices=callvault.portal.people.models.languages, max_length=8, verbose_name='language'),
        ),
        migrations.RunPython(derive, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name='user',
            index=models.Index(fields=['sort_name', 'id'], name='person_by_name'),
        ),
        migrations.AddIndex(
            model_name='user',
            index=models.Index(fields=['extension', 'id'], name='person_by_extension'),
        ),
        migrations.AddIndex(
            model_name='user',
            index=models.Index(fields=['alias', 'id'], name='person_by_alias'),
        ),
        migrations.AddIndex(
            model_name='user',
            index=models.Index(fields=['group', 'id'], name='person_by_group'),
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.UniqueConstraint(models.F('numeric_user_id'), condition=models.Q(('numeric_user_id', ''), _negated=True), name='person_user_id_unique'),
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.UniqueConstraint(models.F('extension'), models.F('numeric_partition_id'), condition=models.Q(('is_active', True), models.Q(('extension', ''), _negated=True), models.Q(('numeric_partition_id', ''), _negated=True)), name='person_extension_in_partition'),
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.UniqueConstraint(models.F('alias'), models.F('numeric_partition_id'), condition=models.Q(('is_active', True), models.Q(('alias', ''), _negated=True), models.Q(('numeric_partition_id', ''), _negated=True)), name='person_alias_in_partition'),
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=callvault.portal.people.constraints.NumberSharedWithIds(field='extension', name='person_extension_shared'),
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=callvault.portal.people.constraints.NumberSharedWithIds(field='alias', name='person_alias_shared'),
        ),
    ]
