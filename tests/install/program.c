/* A program outside the tree: knows of plait what an installed header and pkg-config tell. Valid C and C++. */
#include <plait.h>
#include <stdio.h>

int main(void) {
    plait_deadline soon = plait_after(10);
    printf("%s\n", PLAIT_VERSION);
    return !plait_passed(soon) && plait_status_name(PLAIT_OK)[0] == 'P' ? 0 : 1;
}
