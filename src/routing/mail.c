#include "routing/mail.h"

#include <stdlib.h>

void mail_discard(struct mail *mail)
{
    if (mail->kind == MAIL_REQUEST)
        free(mail->request);
    else if (mail->kind == MAIL_CLAIM)
        free(mail->claim);
}
