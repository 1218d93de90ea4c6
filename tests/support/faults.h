/* Every allocation made to fail once.
 *
 * A scenario is a function that makes something, uses it and gives it back, and returns the first status that is
 * not PLAIT_OK:
 *
 *     static plait_status make_a_token(void) {
 *         plait_token *token = plait_token_new(NULL, PLAIT_FOREVER);
 *         if (!token) return plait_last_error();
 *         plait_token_free(token);
 *         return PLAIT_OK;
 *     }
 *
 *     TEST(a_token_survives_lack_of_memory) {
 *         fault_every(make_a_token);
 *     }
 *
 * fault_every runs it in a fresh process for n = 1, 2, 3 ... with the n-th allocation failing, until a run has fewer
 * than n allocations. After the run that met the failure, the scenario runs once more with memory to be had. Asked
 * for each n: the first run returned PLAIT_NO_MEMORY, or PLAIT_OK where plait could do without; the second returned
 * PLAIT_OK; no crash, no hang; and as many blocks are left as after two runs without any failure, so what plait
 * keeps for the life of the process is allowed and a leak is not.
 *
 * A thread that ends or a service that gives memory back a little later is waited for. Because the allocator can only
 * be replaced while plait holds no memory, fault_every and fault_install come before the test's first use of plait. */
#ifndef PLAIT_TEST_SUPPORT_FAULTS_H
#define PLAIT_TEST_SUPPORT_FAULTS_H

#include <plait/status.h>

typedef plait_status (*fault_scenario)(void);

/* Fails the calling test when a demand above is not met, or when the scenario allocates nothing at all. Returns how
 * many allocations were made to fail. */
int fault_every(fault_scenario scenario);

/* For tests that steer one failure by hand, in the process of the test: puts the counting allocator in place and
 * makes the n-th allocation from now fail (0: none). */
void fault_install(void);
void fault_arm(long n);

/* True once the armed allocation has failed. */
int fault_happened(void);

/* Blocks handed out and not given back since fault_install. */
long fault_outstanding(void);

#endif
