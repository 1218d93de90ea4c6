/* token.h - cancel tokens inside plait. The public side is plait/cancel.h. */
#ifndef PLAIT__TOKEN_H
#define PLAIT__TOKEN_H

#include <plait/cancel.h>

/* The earliest deadline of the token and all above it. */
plait_deadline plait__token_deadline(const plait_token *token);
/* Another holder; returns the token. plait_token_free lets go. */
plait_token *plait__token_keep(plait_token *token);
/* Puts a token below another parent, so that whoever runs one task after the other needs one token only.
 * True if nobody else holds it and it was not cancelled; it then takes over the caller's reference to
 * `parent`. False: nothing has happened. */
bool plait__token_move(plait_token *token, plait_token *parent);
/* Called after every cancel, for what runs below a token in another process: set by the room above that has such a thing,
 * once. It may be called with locks held, and takes none that it might wait for long. Atomic. */
extern void (*plait__cancelled_elsewhere)(void);

#endif
