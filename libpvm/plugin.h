/* SPDX-License-Identifier: BSD-3-Clause */
/* Registration of tasks that do a part of the system's work, and what other tasks do about it. */
#ifndef PVMI_LIBPVM_PLUGIN_H
#define PVMI_LIBPVM_PLUGIN_H

/* Puts an entry that says who this task is into class, beside those of others. PvmOk, or what pvm_putinfo() fails with. */
int pvmi_plugin_enter(const char *class_name);

#endif
