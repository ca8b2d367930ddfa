/* Handlers of everything but jobs: sites, links, tokens, health, metrics, the document itself. */
#ifndef SUAN_API_META_H
#define SUAN_API_META_H

#include "api/call.h"

void suan_api_sites(struct suan_api_call *c);
void suan_api_site(struct suan_api_call *c);
void suan_api_site_drain(struct suan_api_call *c);
void suan_api_site_resume(struct suan_api_call *c);
void suan_api_pools(struct suan_api_call *c);
void suan_api_links(struct suan_api_call *c);
void suan_api_hubs(struct suan_api_call *c);
void suan_api_accounts(struct suan_api_call *c);
void suan_api_accounts_put(struct suan_api_call *c);
void suan_api_qos(struct suan_api_call *c);
void suan_api_tokens_list(struct suan_api_call *c);
void suan_api_tokens_create(struct suan_api_call *c);
void suan_api_tokens_revoke(struct suan_api_call *c);
void suan_api_whoami(struct suan_api_call *c);
void suan_api_info(struct suan_api_call *c);
void suan_api_healthz(struct suan_api_call *c);
void suan_api_readyz(struct suan_api_call *c);
void suan_api_metrics(struct suan_api_call *c);
void suan_api_openapi_json(struct suan_api_call *c);

#endif
