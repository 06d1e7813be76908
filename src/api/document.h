/* The OpenAPI 3.1 document, built from openapi.json; served at /v1/openapi.json. */
#ifndef UNSAY_API_DOCUMENT_H
#define UNSAY_API_DOCUMENT_H

extern const char api_document[];

#endif
