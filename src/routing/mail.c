#include "routing/mail.h"

#include <stdlib.h>

void mail_discard(struct mail *mail)
{
    if (mail->kind == MAIL_REQUEST)
        free(mail->request);
    else if (mail->kind == MAIL_CLAIM)
        free(mail->claim);
    else if (mail->kind == MAIL_REPLACED)
        free(mail->replaced);
    else if (mail->kind == MAIL_FORWARD)
        free(mail->forward);
    else if (mail->kind == MAIL_TAKE_BACK)
        free(mail->take_back);
    else if (mail->kind == MAIL_TAKEN_BACK)
        free(mail->taken_back);
    else if (mail->kind == MAIL_ONLINE)
        free(mail->online);
    else if (mail->kind == MAIL_PUSHED)
        free(mail->pushed);
    else if (mail->kind == MAIL_HANDED)
        free(mail->handed);
    else if (mail->kind == MAIL_CALL)
        free(mail->call);
}
