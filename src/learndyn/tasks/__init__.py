"""Tasks: the dynamics of singular values, structured and teacher tasks, integration, sources."""

from learndyn.tasks._dynamics import task_dynamics as task_dynamics
from learndyn.tasks._integration import IntegrationTask as IntegrationTask
from learndyn.tasks._integration import integration_task as integration_task
from learndyn.tasks._sources import digits as digits
from learndyn.tasks._sources import neurogym_integration as neurogym_integration
from learndyn.tasks._sources import read_npz as read_npz
from learndyn.tasks._structured import StructuredTask as StructuredTask
from learndyn.tasks._structured import structured_task as structured_task
from learndyn.tasks._teacher import TeacherTask as TeacherTask
from learndyn.tasks._teacher import teacher_task as teacher_task
