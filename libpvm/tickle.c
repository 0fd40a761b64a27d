/* SPDX-License-Identifier: BSD-3-Clause */
/* pvm_tickle(): debugging requests to the local daemon. */
#include "libpvm/call.h"
#include "libpvm/request.h"
#include "libpvm/task.h"
#include "libpvm/trace.h"

#define ARGS_MAX 10

static int tickle(int narg, int *argp, int *nresp, int *resp)
{
    struct pvmi_msg_tickle msg = { .args = { .v = argp, .n = (uint32_t)narg } };
    const struct pvmi_msg_answer *answer;
    struct pvmi_control control;
    int rc;

    if (narg < 1 || narg > ARGS_MAX)
        return pvmi_call_fail(PvmBadParam, "%d arguments: 1 to %d can be given", narg, ARGS_MAX);
    if (argp == NULL)
        return pvmi_call_fail(PvmBadParam, "the arguments are NULL");
    rc = pvmi_task_enroll();
    if (rc == PvmOk)
        rc = pvmi_request_ask(PVMI_MSG_tickle, &msg, NULL, NULL, &control);
    if (rc != PvmOk)
        return rc;
    answer = control.msg;
    for (uint32_t i = 0; resp != NULL && i < answer->values.n && i < ARGS_MAX; i++)
        resp[i] = answer->values.v[i];
    if (nresp != NULL)
        *nresp = (int)answer->values.n;
    pvmi_trace_result(PvmOk, (int)answer->values.n, answer->values.v);
    pvmi_control_free(&control);
    return PvmOk;
}

int pvm_tickle(int narg, int *argp, int *nresp, int *resp)
{
    pvmi_call_enter();
    pvmi_trace_enter(TEV_TICKLE, narg, argp);
    return pvmi_call_leave("pvm_tickle", tickle(narg, argp, nresp, resp));
}
