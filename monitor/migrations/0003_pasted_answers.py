import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('monitor', '0002_keys_and_money'),
    ]

    operations = [
        migrations.AlterField(
            model_name='daycell',
            name='panel',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='monitor.panel'),
        ),
        migrations.AlterField(
            model_name='job',
            name='kind',
            field=models.CharField(choices=[('import_pages', 'Import of pages'), ('import_answers', 'Import of answers'), ('build_index', 'Build of the index'), ('recompute', 'Recompute of history'), ('export', 'Report')], max_length=20),
        ),
        migrations.AlterField(
            model_name='run',
            name='trigger',
            field=models.CharField(choices=[('schedule', 'Schedule'), ('manual', 'By hand'), ('ask', 'Ask page'), ('paste', 'Pasted'), ('import', 'Imported')], max_length=10),
        ),
    ]
