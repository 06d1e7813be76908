/* What other threads leave for the loop: taken out under the lock, handled without it. */
#include "client/loop_internal.h"

#include "base/memory.h"
#include "client/convert.h"

enum { LOOP_DISPLAYED_MAX = 4096 };

/* The user saw everything up to seq, or has the conversation open or no longer. */
struct displayed {
    struct list node;
    bool is_about_open;
    bool is_open;
    uint64_t seq;
    struct view conversation; /* behind the structure */
};

struct mail {
    struct list requests;
    struct list displayed;
    char *token;
    bool has_foreign_token;
    bool has_network_changed;
    bool has_outbox_grown;
    bool is_stopping;
};

static void list_move(struct list *from, struct list *to)
{
    list_init(to);
    for (struct list *node = list_pop_front(from); node != NULL; node = list_pop_front(from))
        list_push_back(to, node);
}

static void loop_take_mail(struct loop *loop, struct mail *mail)
{
    uv_mutex_lock(&loop->lock);
    *mail = (struct mail){
        .token = loop->new_token,
        .has_foreign_token = loop->has_foreign_token,
        .has_network_changed = loop->has_network_changed,
        .has_outbox_grown = loop->has_outbox_grown,
        .is_stopping = loop->is_stopping,
    };
    list_move(&loop->inbox, &mail->requests);
    list_move(&loop->displayed, &mail->displayed);
    loop->displayed_count = 0;
    loop->new_token = NULL;
    loop->has_foreign_token = loop->has_network_changed = loop->has_outbox_grown = false;
    uv_mutex_unlock(&loop->lock);
}

static void mail_read_requests(struct loop *loop, struct mail *mail)
{
    for (struct list *node = list_pop_front(&mail->requests); node != NULL;
         node = list_pop_front(&mail->requests))
        loop_accept_request(loop, LIST_ITEM(node, struct request, node));
}

static void mail_read_displayed(struct loop *loop, struct mail *mail)
{
    for (struct list *node = list_pop_front(&mail->displayed); node != NULL;
         node = list_pop_front(&mail->displayed)) {
        struct displayed *displayed = LIST_ITEM(node, struct displayed, node);
        if (loop != NULL && loop->core != NULL && displayed->is_about_open)
            client_core_set_open(loop->core, loop_now_ms(), displayed->conversation,
                                 displayed->is_open);
        else if (loop != NULL && loop->core != NULL)
            client_core_displayed(loop->core, loop_now_ms(), displayed->conversation,
                                  ORIGIN_DEFAULT, displayed->seq);
        free(displayed);
    }
}

static void mail_read_token(struct loop *loop, const struct mail *mail)
{
    if (mail->has_foreign_token)
        loop_show_connection(loop, loop->shown,
                             error_make(UNSAY_INVALID, "The new token is not one of this user and "
                                                       "device; the old one stays in use."));
    if (mail->token == NULL)
        return;
    free(loop->client->token);
    loop->client->token = mail->token;
    if (loop->core != NULL)
        client_core_set_token(loop->core, loop_now_ms(), mail->token);
}

/* Without a core, what is in the database is enough: the next core begins with it. */
void loop_on_mail(uv_async_t *async)
{
    struct loop *loop = async->data;
    struct mail mail;
    loop_take_mail(loop, &mail);
    mail_read_requests(loop, &mail);
    mail_read_displayed(loop, &mail);
    mail_read_token(loop, &mail);
    if (mail.has_network_changed && loop->core != NULL)
        client_core_network_changed(loop->core, loop_now_ms());
    if (mail.has_outbox_grown && loop->core != NULL)
        loop_offer_new(loop);
    if (mail.is_stopping)
        uv_stop(&loop->uv);
}

void loop_receive_requests(struct loop *loop)
{
    struct mail mail;
    loop_take_mail(loop, &mail);
    mail_read_requests(loop, &mail);
    mail_read_displayed(NULL, &mail);
    free(mail.token);
}

void loop_forget_mail(struct loop *loop)
{
    free(loop->new_token);
}

static void loop_lock(struct loop *loop)
{
    uv_mutex_lock(&loop->lock);
}

static void loop_unlock_and_wake(struct loop *loop)
{
    uv_mutex_unlock(&loop->lock);
    uv_async_send(&loop->async);
}

void loop_outbox_grew(struct loop *loop)
{
    loop_lock(loop);
    loop->has_outbox_grown = true;
    loop_unlock_and_wake(loop);
}

/* Each turn of the loop looks. */
void loop_remove_soon(struct loop *loop)
{
    uv_async_send(&loop->async);
}

void loop_network_changed(struct loop *loop)
{
    loop_lock(loop);
    loop->has_network_changed = true;
    loop_unlock_and_wake(loop);
}

void loop_set_token(struct loop *loop, const char *token)
{
    char *copy = memory_copy(token, strlen(token));
    loop_lock(loop);
    free(loop->new_token);
    loop->new_token = copy;
    loop_unlock_and_wake(loop);
}

void loop_refuse_token(struct loop *loop)
{
    loop_lock(loop);
    loop->has_foreign_token = true;
    loop_unlock_and_wake(loop);
}

static struct displayed *displayed_new(struct view conversation)
{
    struct displayed *displayed = memory_new(sizeof(*displayed) + conversation.size);
    memcpy(displayed + 1, conversation.data, conversation.size);
    displayed->conversation = view_make(displayed + 1, conversation.size);
    return displayed;
}

/* False, and it is freed, when too many wait, or the loop has not begun and need not know. */
static bool loop_put_displayed(struct loop *loop, struct displayed *displayed, bool *is_started)
{
    loop_lock(loop);
    *is_started = loop->is_started;
    bool is_taken = loop->displayed_count < LOOP_DISPLAYED_MAX &&
                    (loop->is_started || displayed->is_about_open);
    if (is_taken) {
        list_push_back(&loop->displayed, &displayed->node);
        loop->displayed_count++;
    }
    loop_unlock_and_wake(loop);
    if (!is_taken)
        free(displayed);
    return is_taken;
}

/* A core that has not begun will do so with what the database holds. */
bool loop_displayed(struct loop *loop, struct view conversation, uint64_t seq)
{
    bool is_started;
    struct displayed *displayed = displayed_new(conversation);
    displayed->seq = seq;
    return loop_put_displayed(loop, displayed, &is_started) || !is_started;
}

bool loop_set_open(struct loop *loop, struct view conversation, bool is_open)
{
    bool is_started;
    struct displayed *displayed = displayed_new(conversation);
    displayed->is_about_open = true;
    displayed->is_open = is_open;
    return loop_put_displayed(loop, displayed, &is_started);
}

enum unsay_result loop_reserve(struct loop *loop)
{
    loop_lock(loop);
    bool has_room = loop->request_count < REQUESTS_MAX;
    bool is_stopping = loop->is_stopping;
    loop->request_count += has_room && !is_stopping;
    uv_mutex_unlock(&loop->lock);
    if (is_stopping)
        return UNSAY_STOPPED;
    return has_room ? UNSAY_OK : UNSAY_FULL;
}

void loop_unreserve(struct loop *loop)
{
    loop_lock(loop);
    loop->request_count--;
    uv_mutex_unlock(&loop->lock);
}

void loop_request(struct loop *loop, struct request *request)
{
    loop_lock(loop);
    list_push_back(&loop->inbox, &request->node);
    loop_unlock_and_wake(loop);
}

void loop_tell_stop(struct loop *loop)
{
    loop_lock(loop);
    loop->is_stopping = true;
    loop_unlock_and_wake(loop);
}
