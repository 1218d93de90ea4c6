/* token.h - cancel tokens inside plait. The public side is plait/cancel.h. */
#ifndef PLAIT__TOKEN_H
#define PLAIT__TOKEN_H

#include <plait/cancel.h>

/* The earliest deadline of the token and all above it. */
plait_deadline plait__token_deadline(const plait_token *token);
/* Another holder; returns the token. plait_token_free lets go. */
plait_token *plait__token_keep(plait_token *token);

#endif
