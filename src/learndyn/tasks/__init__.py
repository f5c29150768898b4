"""Tasks: the dynamics of singular values, structured and teacher tasks, integration."""

from learndyn.tasks._dynamics import task_dynamics as task_dynamics
from learndyn.tasks._integration import IntegrationTask as IntegrationTask
from learndyn.tasks._integration import integration_task as integration_task
from learndyn.tasks._structured import StructuredTask as StructuredTask
from learndyn.tasks._structured import structured_task as structured_task
from learndyn.tasks._teacher import TeacherTask as TeacherTask
from learndyn.tasks._teacher import teacher_task as teacher_task
