/* What a route's frame needs beyond the fields that the caller gave. */
#ifndef UNSAY_API_PREPARE_H
#define UNSAY_API_PREPARE_H

#include "api/call.h"

bool api_prepare_nothing(struct api_call *call);
bool api_prepare_creation(struct api_call *call);
bool api_prepare_settings(struct api_call *call);
bool api_prepare_removal(struct api_call *call);
bool api_prepare_pin(struct api_call *call);
bool api_prepare_send(struct api_call *call);
bool api_prepare_recall(struct api_call *call);
bool api_prepare_range(struct api_call *call);
bool api_prepare_exposure(struct api_call *call);
bool api_prepare_policies(struct api_call *call);
bool api_prepare_reload(struct api_call *call);

#endif
