// Written by `npm run client-types` from the services' openapi.json: do not edit.

export type paths = Record<string, never>;
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        DeadLetter: {
            /** Format: uuid */
            id: string;
            queue: string;
            /** @description Type of the message; `unknown` if it cannot be read */
            type: string;
            reason: string;
            /** @description Queue, type and reason: dead letters that probably have one cause */
            group: string;
            status: components["schemas"]["DeadLetterStatus"];
            /** @description Failed attempts, including those after replays */
            attempts: number;
            /** @description Its history, oldest entry first */
            history: (({
                /** @constant */
                type: "failed";
            } & {
                [key: string]: unknown;
            }) | {
                /** @constant */
                type: "dead-lettered";
                /**
                 * Format: date-time
                 * @description ISO 8601, UTC, with milliseconds
                 */
                at: string;
                reason: string;
                detail?: string;
            } | {
                /** @constant */
                type: "replayed";
                /**
                 * Format: date-time
                 * @description ISO 8601, UTC, with milliseconds
                 */
                at: string;
                actor: string;
                correlationId: string;
            } | {
                /** @constant */
                type: "discarded";
                /**
                 * Format: date-time
                 * @description ISO 8601, UTC, with milliseconds
                 */
                at: string;
                actor: string;
                correlationId: string;
                reason: string;
            })[];
        };
        DeadLetterGroup: {
            group: string;
            queue: string;
            type: string;
            reason: string;
            count: number;
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            firstAt: string;
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            lastAt: string;
        };
        /** @description Transition not allowed */
        DeadLetterIllegalTransitionProblem: {
            /**
             * Format: uri
             * @description URL of the page that documents this problem
             */
            type: string;
            title: string;
            /** @constant */
            status: 409;
            detail: string;
            /** @description Path of the request */
            instance: string;
            /** @constant */
            code: "illegal-transition";
            /** @description The request’s `X-Kong-Request-Id` */
            traceId: string;
            from: components["schemas"]["DeadLetterStatus"];
            to: components["schemas"]["DeadLetterStatus"];
        };
        /** @description Dead letter not found */
        DeadLetterNotFoundProblem: {
            /**
             * Format: uri
             * @description URL of the page that documents this problem
             */
            type: string;
            title: string;
            /** @constant */
            status: 404;
            detail: string;
            /** @description Path of the request */
            instance: string;
            /** @constant */
            code: "dead-letter-not-found";
            /** @description The request’s `X-Kong-Request-Id` */
            traceId: string;
        };
        /** @enum {string} */
        DeadLetterStatus: "open" | "replayed" | "discarded";
        /** @description Not allowed for this account */
        ForbiddenProblem: {
            /**
             * Format: uri
             * @description URL of the page that documents this problem
             */
            type: string;
            title: string;
            /** @constant */
            status: 403;
            detail: string;
            /** @description Path of the request */
            instance: string;
            /** @constant */
            code: "forbidden";
            /** @description The request’s `X-Kong-Request-Id` */
            traceId: string;
        };
        /** @description An error of the gateway itself. It has no `code`: decide by the status. */
        GatewayRefusal: {
            /**
             * Format: uri
             * @description URL of the page that documents the errors of the gateway
             */
            type: string;
            /** @description Message of the gateway, for people */
            title: string;
            /** @description Where to send the API key, and where to find the documentation */
            help: string;
            /** @description The request’s `X-Kong-Request-Id` */
            traceId: string;
        };
        /** @description Request did not come through the gateway */
        GatewayRequiredProblem: {
            /**
             * Format: uri
             * @description URL of the page that documents this problem
             */
            type: string;
            title: string;
            /** @constant */
            status: 401;
            detail: string;
            /** @description Path of the request */
            instance: string;
            /** @constant */
            code: "gateway-required";
            /** @description The request’s `X-Kong-Request-Id` */
            traceId: string;
        };
        Health: {
            /** @enum {string} */
            status: "ok" | "degraded" | "down";
            checks: {
                database: boolean;
                broker: boolean;
            };
            /** @description Why the status is `degraded` although database and broker are available. */
            reason?: string;
            version: string;
        };
        /** @description Idempotency-Key is malformed */
        IdempotencyKeyMalformedProblem: {
            /**
             * Format: uri
             * @description URL of the page that documents this problem
             */
            type: string;
            title: string;
            /** @constant */
            status: 400;
            detail: string;
            /** @description Path of the request */
            instance: string;
            /** @constant */
            code: "idempotency-key-malformed";
            /** @description The request’s `X-Kong-Request-Id` */
            traceId: string;
        };
        /** @description Idempotency-Key is missing */
        IdempotencyKeyMissingProblem: {
            /**
             * Format: uri
             * @description URL of the page that documents this problem
             */
            type: string;
            title: string;
            /** @constant */
            status: 400;
            detail: string;
            /** @description Path of the request */
            instance: string;
            /** @constant */
            code: "idempotency-key-missing";
            /** @description The request’s `X-Kong-Request-Id` */
            traceId: string;
        };
        /** @description Idempotency-Key was used for another request */
        IdempotencyKeyReusedProblem: {
            /**
             * Format: uri
             * @description URL of the page that documents this problem
             */
            type: string;
            title: string;
            /** @constant */
            status: 422;
            detail: string;
            /** @description Path of the request */
            instance: string;
            /** @constant */
            code: "idempotency-key-reused";
            /** @description The request’s `X-Kong-Request-Id` */
            traceId: string;
        };
        /** @description Internal server error */
        InternalProblem: {
            /**
             * Format: uri
             * @description URL of the page that documents this problem
             */
            type: string;
            title: string;
            /** @constant */
            status: 500;
            detail: string;
            /** @description Path of the request */
            instance: string;
            /** @constant */
            code: "internal";
            /** @description The request’s `X-Kong-Request-Id` */
            traceId: string;
        };
        /** @description Body is not valid JSON */
        InvalidJsonProblem: {
            /**
             * Format: uri
             * @description URL of the page that documents this problem
             */
            type: string;
            title: string;
            /** @constant */
            status: 400;
            detail: string;
            /** @description Path of the request */
            instance: string;
            /** @constant */
            code: "invalid-json";
            /** @description The request’s `X-Kong-Request-Id` */
            traceId: string;
        };
        /** @description Not signed in */
        NotSignedInProblem: {
            /**
             * Format: uri
             * @description URL of the page that documents this problem
             */
            type: string;
            title: string;
            /** @constant */
            status: 401;
            detail: string;
            /** @description Path of the request */
            instance: string;
            /** @constant */
            code: "not-signed-in";
            /** @description The request’s `X-Kong-Request-Id` */
            traceId: string;
        };
        Notification: {
            /** Format: uuid */
            id: string;
            /**
             * Format: uuid
             * @description Id of the message that it follows
             */
            eventId: string;
            /**
             * @description What it is for
             * @enum {string}
             */
            template: "sign-up" | "password-reset" | "email-change" | "email-changed";
            /** @description Id of the account. Absent once the account is deleted */
            recipient?: string;
            /**
             * @description `queued`: waits for an attempt. `sending`: an attempt is under way. `sent`: the mail server took it. `failed`: it never will. `unknown`: it may or may not have been sent. `suppressed`: not needed any more
             * @enum {string}
             */
            state: "queued" | "sending" | "sent" | "failed" | "unknown" | "suppressed";
            /** @description `Message-ID` of the mail, by which the log of the mail server is searched */
            messageId: string;
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            at: string;
        };
        /** @description Notification not found */
        NotificationNotFoundProblem: {
            /**
             * Format: uri
             * @description URL of the page that documents this problem
             */
            type: string;
            title: string;
            /** @constant */
            status: 404;
            detail: string;
            /** @description Path of the request */
            instance: string;
            /** @constant */
            code: "notification-not-found";
            /** @description The request’s `X-Kong-Request-Id` */
            traceId: string;
        };
        OpenApiDocument: {
            openapi: string;
        } & {
            [key: string]: unknown;
        };
        /** @description Service overloaded */
        OverloadedProblem: {
            /**
             * Format: uri
             * @description URL of the page that documents this problem
             */
            type: string;
            title: string;
            /** @constant */
            status: 503;
            detail: string;
            /** @description Path of the request */
            instance: string;
            /** @constant */
            code: "overloaded";
            /** @description The request’s `X-Kong-Request-Id` */
            traceId: string;
        };
        /** @description Body is too large */
        PayloadTooLargeProblem: {
            /**
             * Format: uri
             * @description URL of the page that documents this problem
             */
            type: string;
            title: string;
            /** @constant */
            status: 413;
            detail: string;
            /** @description Path of the request */
            instance: string;
            /** @constant */
            code: "payload-too-large";
            /** @description The request’s `X-Kong-Request-Id` */
            traceId: string;
        };
        /** @description First request with this key is still in progress */
        RequestInProgressProblem: {
            /**
             * Format: uri
             * @description URL of the page that documents this problem
             */
            type: string;
            title: string;
            /** @constant */
            status: 409;
            detail: string;
            /** @description Path of the request */
            instance: string;
            /** @constant */
            code: "request-in-progress";
            /** @description The request’s `X-Kong-Request-Id` */
            traceId: string;
        };
        /** @description Service unavailable */
        UnavailableProblem: {
            /**
             * Format: uri
             * @description URL of the page that documents this problem
             */
            type: string;
            title: string;
            /** @constant */
            status: 503;
            detail: string;
            /** @description Path of the request */
            instance: string;
            /** @constant */
            code: "unavailable";
            /** @description The request’s `X-Kong-Request-Id` */
            traceId: string;
        };
        /** @description Body is not application/json */
        UnsupportedMediaTypeProblem: {
            /**
             * Format: uri
             * @description URL of the page that documents this problem
             */
            type: string;
            title: string;
            /** @constant */
            status: 415;
            detail: string;
            /** @description Path of the request */
            instance: string;
            /** @constant */
            code: "unsupported-media-type";
            /** @description The request’s `X-Kong-Request-Id` */
            traceId: string;
        };
        /** @description Request validation failed */
        ValidationFailedProblem: {
            /**
             * Format: uri
             * @description URL of the page that documents this problem
             */
            type: string;
            title: string;
            /** @constant */
            status: 400;
            detail: string;
            /** @description Path of the request */
            instance: string;
            /** @constant */
            code: "validation-failed";
            /** @description The request’s `X-Kong-Request-Id` */
            traceId: string;
            errors: {
                /** @description JSON Pointer into the body or to the query parameter */
                pointer: string;
                detail: string;
            }[];
        };
        WholeDeadLetter: {
            /** Format: uuid */
            id: string;
            queue: string;
            /** @description Type of the message; `unknown` if it cannot be read */
            type: string;
            reason: string;
            /** @description Queue, type and reason: dead letters that probably have one cause */
            group: string;
            status: components["schemas"]["DeadLetterStatus"];
            /** @description Failed attempts, including those after replays */
            attempts: number;
            /** @description Its history, oldest entry first */
            history: (({
                /** @constant */
                type: "failed";
            } & {
                [key: string]: unknown;
            }) | {
                /** @constant */
                type: "dead-lettered";
                /**
                 * Format: date-time
                 * @description ISO 8601, UTC, with milliseconds
                 */
                at: string;
                reason: string;
                detail?: string;
            } | {
                /** @constant */
                type: "replayed";
                /**
                 * Format: date-time
                 * @description ISO 8601, UTC, with milliseconds
                 */
                at: string;
                actor: string;
                correlationId: string;
            } | {
                /** @constant */
                type: "discarded";
                /**
                 * Format: date-time
                 * @description ISO 8601, UTC, with milliseconds
                 */
                at: string;
                actor: string;
                correlationId: string;
                reason: string;
            })[];
            /**
             * Format: uuid
             * @description Id of the order or reservation that the message is about
             */
            subjectId?: string;
            message: {
                id: string;
                routingKey: string;
                headers: {
                    [key: string]: unknown;
                };
                body: string;
            };
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            updatedAt: string;
        };
        WholeNotification: {
            /** Format: uuid */
            id: string;
            /**
             * Format: uuid
             * @description Id of the message that it follows
             */
            eventId: string;
            /**
             * @description What it is for
             * @enum {string}
             */
            template: "sign-up" | "password-reset" | "email-change" | "email-changed";
            /** @description Id of the account. Absent once the account is deleted */
            recipient?: string;
            /**
             * @description `queued`: waits for an attempt. `sending`: an attempt is under way. `sent`: the mail server took it. `failed`: it never will. `unknown`: it may or may not have been sent. `suppressed`: not needed any more
             * @enum {string}
             */
            state: "queued" | "sending" | "sent" | "failed" | "unknown" | "suppressed";
            /** @description `Message-ID` of the mail, by which the log of the mail server is searched */
            messageId: string;
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            at: string;
            /**
             * Format: uuid
             * @description Id of the mail at account-service
             */
            subjectId: string;
            /** @description Why it is in its state */
            reason?: string;
            /** @description Whether it was unknown, and was sent once more */
            sentAgain: boolean;
            /**
             * Format: date-time
             * @description Absent if nothing follows by itself
             */
            nextTryAt?: string;
            correlationId: string;
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            updatedAt: string;
            /** @description Oldest first */
            attempts: {
                /**
                 * Format: date-time
                 * @description ISO 8601, UTC, with milliseconds
                 */
                at: string;
                /**
                 * Format: date-time
                 * @description ISO 8601, UTC, with milliseconds
                 */
                endedAt?: string;
                /**
                 * @description Absent while it is under way, and if its process died
                 * @enum {string}
                 */
                outcome?: "sent" | "refused" | "deferred" | "lost" | "unknown";
                /** @description The answer of the mail server, without mail addresses */
                detail?: string;
            }[];
        };
        ListNotificationsQuery: {
            /** @description Only those in this state */
            state?: "queued" | "sending" | "sent" | "failed" | "unknown" | "suppressed";
            /** @description Only those of this template */
            template?: "sign-up" | "password-reset" | "email-change" | "email-changed";
            /** @description Maximum number of items in a page */
            limit?: number;
            /** @description `nextCursor` of the previous page, with the same filters */
            cursor?: string;
        };
        ListNotificationsAnswer: {
            items: components["schemas"]["Notification"][];
            /** @description Pass it as `cursor` to get the next page. Absent on the last page */
            nextCursor?: string;
        };
        ReadNotificationAnswer: components["schemas"]["WholeNotification"];
        ListDeadLettersQuery: {
            /** @description Only those in this status */
            status?: components["schemas"]["DeadLetterStatus"];
            /** @description Only those of this `group` */
            group?: string;
            /** @description Only dead letters about this order or reservation */
            subjectId?: string;
            /** @description Maximum number of items in a page */
            limit?: number;
            /** @description `nextCursor` of the previous page, with the same filters */
            cursor?: string;
        };
        ListDeadLettersAnswer: {
            items: components["schemas"]["DeadLetter"][];
            /** @description Pass it as `cursor` to get the next page. Absent on the last page */
            nextCursor?: string;
        };
        ListDeadLetterGroupsAnswer: {
            items: components["schemas"]["DeadLetterGroup"][];
        };
        ReadDeadLetterAnswer: components["schemas"]["WholeDeadLetter"];
        ReplayDeadLettersBody: {
            group: string;
        };
        ReplayDeadLettersAnswer: {
            group: string;
            replayed: number;
            /** @description Dead letters that are still open. Send the request with a new key until it is 0 */
            remaining: number;
        };
        ReplayDeadLetterBody: Record<string, never>;
        ReplayDeadLetterAnswer: components["schemas"]["DeadLetter"];
        DiscardDeadLetterBody: {
            reason: string;
        };
        DiscardDeadLetterAnswer: components["schemas"]["DeadLetter"];
        ReadHealthAnswer: components["schemas"]["Health"];
        ReadDocumentAnswer: components["schemas"]["OpenApiDocument"];
        Account: {
            /** Format: uuid */
            id: string;
            email: string;
            name: string;
            locale: string;
            /** @description What the person may do as staff; empty: a shopper only */
            roles: ("backoffice" | "operations")[];
            version: number;
        };
        AccountExport: {
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            exportedAt: string;
            account: {
                /** Format: uuid */
                id: string;
                email: string;
                name: string;
                locale: string;
                /** @description What the person may do as staff; empty: a shopper only */
                roles: ("backoffice" | "operations")[];
                version: number;
                /**
                 * Format: date-time
                 * @description ISO 8601, UTC, with milliseconds
                 */
                createdAt: string;
                /**
                 * Format: date-time
                 * @description ISO 8601, UTC, with milliseconds
                 */
                updatedAt: string;
                /**
                 * Format: date-time
                 * @description ISO 8601, UTC, with milliseconds
                 */
                passwordChangedAt?: string;
            };
            addresses: components["schemas"]["Address"][];
            sessions: {
                /** Format: uuid */
                id: string;
                /** @enum {string} */
                audience: "shop" | "console";
                /**
                 * Format: date-time
                 * @description ISO 8601, UTC, with milliseconds
                 */
                createdAt: string;
                /**
                 * Format: date-time
                 * @description ISO 8601, UTC, with milliseconds
                 */
                expiresAt: string;
                /**
                 * Format: date-time
                 * @description ISO 8601, UTC, with milliseconds
                 */
                endedAt?: string;
            }[];
            mails: {
                /** @enum {string} */
                purpose: "verification" | "account-exists" | "password-reset" | "email-change" | "email-changed";
                email: string;
                /**
                 * Format: date-time
                 * @description ISO 8601, UTC, with milliseconds
                 */
                createdAt: string;
                /**
                 * Format: date-time
                 * @description ISO 8601, UTC, with milliseconds
                 */
                usedAt?: string;
            }[];
            /** @description All orders, newest first, each with the members of `GET /orders/{id}` */
            orders: components["schemas"]["ExportedOrder"][];
        };
        /** @description Account not found */
        AccountNotFoundProblem: {
            /**
             * Format: uri
             * @description URL of the page that documents this problem
             */
            type: string;
            title: string;
            /** @constant */
            status: 404;
            detail: string;
            /** @description Path of the request */
            instance: string;
            /** @constant */
            code: "account-not-found";
            /** @description The request’s `X-Kong-Request-Id` */
            traceId: string;
        };
        AccountRecord: {
            /** Format: uuid */
            id: string;
            /** @description Absent of a deleted account */
            email?: string;
            /** @description Absent of an unverified or a deleted account */
            name?: string;
            locale: string;
            roles: ("backoffice" | "operations")[];
            /** @enum {string} */
            status: "unverified" | "active" | "deleted";
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            updatedAt: string;
            version: number;
        };
        Address: {
            /** Format: uuid */
            id: string;
            /** @description Who receives the parcel */
            name: string;
            /** @description With the number */
            street: string;
            postalCode: string;
            city: string;
            country: string;
            version: number;
        };
        /** @description Account has the maximum number of addresses */
        AddressBookFullProblem: {
            /**
             * Format: uri
             * @description URL of the page that documents this problem
             */
            type: string;
            title: string;
            /** @constant */
            status: 409;
            detail: string;
            /** @description Path of the request */
            instance: string;
            /** @constant */
            code: "address-book-full";
            /** @description The request’s `X-Kong-Request-Id` */
            traceId: string;
        };
        AddressList: {
            items: components["schemas"]["Address"][];
        };
        /** @description Address not found */
        AddressNotFoundProblem: {
            /**
             * Format: uri
             * @description URL of the page that documents this problem
             */
            type: string;
            title: string;
            /** @constant */
            status: 404;
            detail: string;
            /** @description Path of the request */
            instance: string;
            /** @constant */
            code: "address-not-found";
            /** @description The request’s `X-Kong-Request-Id` */
            traceId: string;
        };
        Dashboard: {
            account: components["schemas"]["Account"];
            /** @description The last five */
            orders: components["schemas"]["HistoryItem"][];
            /** @description Products that may be of interest */
            recommendations: unknown[];
            /** @description Services whose part is missing, because they did not answer */
            degraded: string[];
        };
        EmailChange: {
            /** @description Where the link was sent */
            email: string;
        };
        /** @description Mail address belongs to another account */
        EmailTakenProblem: {
            /**
             * Format: uri
             * @description URL of the page that documents this problem
             */
            type: string;
            title: string;
            /** @constant */
            status: 409;
            detail: string;
            /** @description Path of the request */
            instance: string;
            /** @constant */
            code: "email-taken";
            /** @description The request’s `X-Kong-Request-Id` */
            traceId: string;
        };
        ExportedOrder: {
            /** Format: uuid */
            id: string;
            number: string;
            customerId: string;
            currency: string;
            lines: ({
                quantity: number;
                unitPrice?: number;
            } & {
                [key: string]: unknown;
            })[];
            status: string;
            createdAt: string;
            version: number;
        } & {
            [key: string]: unknown;
        };
        HistoryItem: {
            /** Format: uuid */
            id: string;
            number: string;
            /** @description As `status` of the order */
            status: string;
            currency: string;
            /** @description Sum of the lines in the smallest unit of the currency. Absent if a line has no price */
            total?: number;
            /** @description The first five */
            lines: {
                sku: string;
                quantity: number;
                unitPrice?: number;
            }[];
            /** @description Number of all lines */
            lineCount: number;
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            placedAt: string;
            /** @description As `version` of the order */
            version: number;
        };
        /** @description Mail address or password is wrong */
        InvalidCredentialsProblem: {
            /**
             * Format: uri
             * @description URL of the page that documents this problem
             */
            type: string;
            title: string;
            /** @constant */
            status: 401;
            detail: string;
            /** @description Path of the request */
            instance: string;
            /** @constant */
            code: "invalid-credentials";
            /** @description The request’s `X-Kong-Request-Id` */
            traceId: string;
        };
        KeySet: {
            keys: {
                /** @constant */
                kty: "OKP";
                /** @constant */
                crv: "Ed25519";
                /** @description The public key, in base64url */
                x: string;
                /** @description Begins with the audience of the tokens that it signs: `shop-` or `console-` */
                kid: string;
                /** @constant */
                alg: "EdDSA";
                /** @constant */
                use: "sig";
            }[];
        };
        Mismatch: {
            kind: string;
            /** @description Id of the order or reservation, or the SKU */
            subject: string;
            expected: string | number;
            found: string | number;
            /** @description Reason for the expected value */
            because: string;
            /** @description What an operator can do, or what was done automatically */
            proposal: string;
            /** @description Whether the lost command was sent again */
            repaired: boolean;
        };
        PasswordResetRequest: {
            email: string;
        };
        /** @description If-Match is missing */
        PreconditionRequiredProblem: {
            /**
             * Format: uri
             * @description URL of the page that documents this problem
             */
            type: string;
            title: string;
            /** @constant */
            status: 428;
            detail: string;
            /** @description Path of the request */
            instance: string;
            /** @constant */
            code: "precondition-required";
            /** @description The request’s `X-Kong-Request-Id` */
            traceId: string;
        };
        Reconciliation: {
            lastRun?: components["schemas"]["ReconciliationRun"];
            lastFinished?: components["schemas"]["ReconciliationRun"];
            /** @description A page of the mismatches of the last finished run, of which at most 500 are stored */
            mismatches: components["schemas"]["Mismatch"][];
            /** @description Pass it as `cursor` to get the next page. Absent on the last page */
            nextCursor?: string;
        };
        ReconciliationRun: {
            /** Format: uuid */
            id: string;
            /**
             * @description `failed`: the comparison is incomplete, and its result is not usable
             * @enum {string}
             */
            status: "running" | "finished" | "failed";
            /** @description Client that requested the run. Absent if it was scheduled */
            requestedBy?: string;
            /** @description Whether all records were compared, or only new, open and known mismatching ones */
            full: boolean;
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            startedAt: string;
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            finishedAt?: string;
            /** @description Cause of the failure */
            error?: string;
            /** @description Number of compared records, by kind */
            checked: {
                [key: string]: number;
            };
            /** @description Number of mismatches */
            total: number;
            /** @description Number of mismatches by kind; kinds without mismatches are absent */
            kinds: {
                [key: string]: number;
            };
            /** @description Number of mismatches for which the lost command was sent again */
            repaired: number;
        };
        ReconciliationRunWithMismatches: {
            /** Format: uuid */
            id: string;
            /**
             * @description `failed`: the comparison is incomplete, and its result is not usable
             * @enum {string}
             */
            status: "running" | "finished" | "failed";
            /** @description Client that requested the run. Absent if it was scheduled */
            requestedBy?: string;
            /** @description Whether all records were compared, or only new, open and known mismatching ones */
            full: boolean;
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            startedAt: string;
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            finishedAt?: string;
            /** @description Cause of the failure */
            error?: string;
            /** @description Number of compared records, by kind */
            checked: {
                [key: string]: number;
            };
            /** @description Number of mismatches */
            total: number;
            /** @description Number of mismatches by kind; kinds without mismatches are absent */
            kinds: {
                [key: string]: number;
            };
            /** @description Number of mismatches for which the lost command was sent again */
            repaired: number;
            /** @description The first 50 */
            mismatches: components["schemas"]["Mismatch"][];
        };
        Session: {
            account: components["schemas"]["Account"];
            /** @description Life of the access token in seconds. Refresh it before */
            expiresIn: number;
            /** @description With `bearer` only. Send it as `Authorization: Bearer` */
            accessToken?: string;
            /** @description With `bearer` only. It is valid once; its answer has the next */
            refreshToken?: string;
        };
        /** @description Session has ended */
        SessionEndedProblem: {
            /**
             * Format: uri
             * @description URL of the page that documents this problem
             */
            type: string;
            title: string;
            /** @constant */
            status: 401;
            detail: string;
            /** @description Path of the request */
            instance: string;
            /** @constant */
            code: "session-ended";
            /** @description The request’s `X-Kong-Request-Id` */
            traceId: string;
        };
        SignUp: {
            email: string;
        };
        /** @description Version is not the current one */
        StaleAccountProblem: {
            /**
             * Format: uri
             * @description URL of the page that documents this problem
             */
            type: string;
            title: string;
            /** @constant */
            status: 412;
            detail: string;
            /** @description Path of the request */
            instance: string;
            /** @constant */
            code: "stale-version";
            /** @description The request’s `X-Kong-Request-Id` */
            traceId: string;
            current: components["schemas"]["Account"];
        };
        /** @description Version is not the current one */
        StaleAddressProblem: {
            /**
             * Format: uri
             * @description URL of the page that documents this problem
             */
            type: string;
            title: string;
            /** @constant */
            status: 412;
            detail: string;
            /** @description Path of the request */
            instance: string;
            /** @constant */
            code: "stale-version";
            /** @description The request’s `X-Kong-Request-Id` */
            traceId: string;
            current: components["schemas"]["Address"];
        };
        /** @description Link is not valid any more */
        TokenInvalidProblem: {
            /**
             * Format: uri
             * @description URL of the page that documents this problem
             */
            type: string;
            title: string;
            /** @constant */
            status: 400;
            detail: string;
            /** @description Path of the request */
            instance: string;
            /** @constant */
            code: "token-invalid";
            /** @description The request’s `X-Kong-Request-Id` */
            traceId: string;
        };
        /** @description Too many failed sign-ins */
        TooManyAttemptsProblem: {
            /**
             * Format: uri
             * @description URL of the page that documents this problem
             */
            type: string;
            title: string;
            /** @constant */
            status: 429;
            detail: string;
            /** @description Path of the request */
            instance: string;
            /** @constant */
            code: "too-many-attempts";
            /** @description The request’s `X-Kong-Request-Id` */
            traceId: string;
        };
        Verified: {
            account: components["schemas"]["Account"];
            /** @description Life of the access token in seconds. Refresh it before */
            expiresIn?: number;
            /** @description With `bearer` only. Send it as `Authorization: Bearer` */
            accessToken?: string;
            /** @description With `bearer` only. It is valid once; its answer has the next */
            refreshToken?: string;
        };
        SignUpBody: {
            /** Format: email */
            email: string;
            /**
             * @description Language of mail and pages, a tag of BCP 47
             * @default en
             */
            locale?: string;
        };
        SignUpAnswer: components["schemas"]["SignUp"];
        VerifyAccountBody: {
            /** @description From the link in the mail */
            token: string;
            /** @description Not one of the most common passwords, and not the mail address */
            password: string;
            name: string;
            /**
             * @description For apps: the tokens are in the response, and there is no cookie
             * @default false
             */
            bearer?: boolean;
        };
        VerifyAccountAnswer: components["schemas"]["Verified"];
        LookUpAccountBody: {
            /** Format: email */
            email: string;
        };
        LookUpAccountAnswer: components["schemas"]["AccountRecord"];
        ReadAccountAnswer: components["schemas"]["AccountRecord"];
        ListStaffQuery: {
            /** @description Maximum number of items in a page */
            limit?: number;
            /** @description `nextCursor` of the previous page, with the same filters */
            cursor?: string;
        };
        ListStaffAnswer: {
            items: components["schemas"]["AccountRecord"][];
            /** @description Pass it as `cursor` to get the next page. Absent on the last page */
            nextCursor?: string;
        };
        SignInBody: {
            /** Format: email */
            email: string;
            password: string;
            /**
             * @description For apps: the tokens are in the response, and there is no cookie
             * @default false
             */
            bearer?: boolean;
        };
        SignInAnswer: components["schemas"]["Session"];
        RefreshSessionBody: {
            /** @description Of an app; a page has it in a cookie */
            refreshToken?: string;
        };
        RefreshSessionAnswer: components["schemas"]["Session"];
        ReadOwnAccountAnswer: components["schemas"]["Account"];
        ChangeOwnAccountBody: {
            name?: string;
            /** @description Language of mail and pages, a tag of BCP 47 */
            locale?: string;
        };
        ChangeOwnAccountAnswer: components["schemas"]["Account"];
        ExportAccountAnswer: components["schemas"]["AccountExport"];
        RequestEmailChangeBody: {
            /** Format: email */
            email: string;
            password: string;
        };
        RequestEmailChangeAnswer: components["schemas"]["EmailChange"];
        ConfirmEmailChangeBody: {
            /** @description From the link in the mail */
            token: string;
        };
        ConfirmEmailChangeAnswer: components["schemas"]["Account"];
        CreateAddressBody: {
            /** @description Who receives the parcel */
            name: string;
            /** @description With the number */
            street: string;
            postalCode: string;
            city: string;
            country: string;
        };
        CreateAddressAnswer: components["schemas"]["Address"];
        ListAddressesAnswer: components["schemas"]["AddressList"];
        ReadAddressAnswer: components["schemas"]["Address"];
        ReplaceAddressBody: {
            /** @description Who receives the parcel */
            name: string;
            /** @description With the number */
            street: string;
            postalCode: string;
            city: string;
            country: string;
        };
        ReplaceAddressAnswer: components["schemas"]["Address"];
        RequestPasswordResetBody: {
            /** Format: email */
            email: string;
        };
        RequestPasswordResetAnswer: components["schemas"]["PasswordResetRequest"];
        ResetPasswordBody: {
            /** @description From the link in the mail */
            token: string;
            /** @description Not one of the most common passwords, and not the mail address */
            password: string;
        };
        ResetPasswordAnswer: components["schemas"]["Account"];
        ChangePasswordBody: {
            current: string;
            /** @description Not one of the most common passwords, and not the mail address */
            password: string;
        };
        ChangePasswordAnswer: components["schemas"]["Account"];
        ReadKeySetAnswer: components["schemas"]["KeySet"];
        ListOwnOrdersQuery: {
            /** @description Maximum number of items in a page */
            limit?: number;
            /** @description `nextCursor` of the previous page, with the same filters */
            cursor?: string;
        };
        ListOwnOrdersAnswer: {
            items: components["schemas"]["HistoryItem"][];
            /** @description Pass it as `cursor` to get the next page. Absent on the last page */
            nextCursor?: string;
        };
        ReadDashboardAnswer: components["schemas"]["Dashboard"];
        ReadReconciliationQuery: {
            /** @description Maximum number of items in a page */
            limit?: number;
            /** @description `nextCursor` of the previous page, with the same filters */
            cursor?: string;
        };
        ReadReconciliationAnswer: components["schemas"]["Reconciliation"];
        ReconcileBody: Record<string, never>;
        ReconcileAnswer: components["schemas"]["ReconciliationRunWithMismatches"];
        /**
         * @description ISO 4217 currency code. Withdrawn codes are accepted, because old orders keep their currency
         * @enum {string}
         */
        Currency: "AED" | "AFN" | "ALL" | "AMD" | "AOA" | "ARS" | "AUD" | "AWG" | "AZN" | "BAM" | "BBD" | "BDT" | "BHD" | "BIF" | "BMD" | "BND" | "BOB" | "BOV" | "BRL" | "BSD" | "BTN" | "BWP" | "BYN" | "BZD" | "CAD" | "CDF" | "CHE" | "CHF" | "CHW" | "CLF" | "CLP" | "CNY" | "COP" | "COU" | "CRC" | "CUP" | "CVE" | "CZK" | "DJF" | "DKK" | "DOP" | "DZD" | "EGP" | "ERN" | "ETB" | "EUR" | "FJD" | "FKP" | "GBP" | "GEL" | "GHS" | "GIP" | "GMD" | "GNF" | "GTQ" | "GYD" | "HKD" | "HNL" | "HTG" | "HUF" | "IDR" | "ILS" | "INR" | "IQD" | "IRR" | "ISK" | "JMD" | "JOD" | "JPY" | "KES" | "KGS" | "KHR" | "KMF" | "KPW" | "KRW" | "KWD" | "KYD" | "KZT" | "LAK" | "LBP" | "LKR" | "LRD" | "LSL" | "LYD" | "MAD" | "MDL" | "MGA" | "MKD" | "MMK" | "MNT" | "MOP" | "MRU" | "MUR" | "MVR" | "MWK" | "MXN" | "MXV" | "MYR" | "MZN" | "NAD" | "NGN" | "NIO" | "NOK" | "NPR" | "NZD" | "OMR" | "PAB" | "PEN" | "PGK" | "PHP" | "PKR" | "PLN" | "PYG" | "QAR" | "RON" | "RSD" | "RUB" | "RWF" | "SAR" | "SBD" | "SCR" | "SDG" | "SEK" | "SGD" | "SHP" | "SLE" | "SOS" | "SRD" | "SSP" | "STN" | "SVC" | "SYP" | "SZL" | "THB" | "TJS" | "TMT" | "TND" | "TOP" | "TRY" | "TTD" | "TWD" | "TZS" | "UAH" | "UGX" | "USD" | "USN" | "UYI" | "UYU" | "UYW" | "UZS" | "VED" | "VES" | "VND" | "VUV" | "WST" | "XAD" | "XAF" | "XAG" | "XAU" | "XBA" | "XBB" | "XBC" | "XBD" | "XCD" | "XCG" | "XDR" | "XOF" | "XPD" | "XPF" | "XPT" | "XSU" | "XTS" | "XUA" | "XXX" | "YER" | "ZAR" | "ZMW" | "ZWG" | "ADP" | "AFA" | "ALK" | "ANG" | "AOK" | "AON" | "AOR" | "ARA" | "ARP" | "ARY" | "ATS" | "AYM" | "AZM" | "BAD" | "BEC" | "BEF" | "BEL" | "BGJ" | "BGK" | "BGL" | "BGN" | "BOP" | "BRB" | "BRC" | "BRE" | "BRN" | "BRR" | "BUK" | "BYB" | "BYR" | "CHC" | "CNX" | "CSD" | "CSJ" | "CSK" | "CUC" | "CYP" | "DDM" | "DEM" | "ECS" | "ECV" | "EEK" | "EQE" | "ESA" | "ESB" | "ESP" | "FIM" | "FRF" | "GEK" | "GHC" | "GHP" | "GNE" | "GNS" | "GQE" | "GRD" | "GWE" | "GWP" | "HRD" | "HRK" | "IEP" | "ILP" | "ILR" | "ISJ" | "ITL" | "LAJ" | "LSM" | "LTL" | "LTT" | "LUC" | "LUF" | "LUL" | "LVL" | "LVR" | "MAF" | "MGF" | "MLF" | "MRO" | "MTL" | "MTP" | "MVQ" | "MXP" | "MZE" | "MZM" | "NIC" | "NLG" | "PEH" | "PEI" | "PES" | "PLZ" | "PTE" | "RHD" | "ROK" | "ROL" | "RUR" | "SDD" | "SDP" | "SIT" | "SKK" | "SLL" | "SRG" | "STD" | "SUR" | "TJR" | "TMM" | "TPE" | "TRL" | "UAK" | "UGS" | "UGW" | "USS" | "UYN" | "UYP" | "VEB" | "VEF" | "VNC" | "XEU" | "XFO" | "XFU" | "XRE" | "YDD" | "YUD" | "YUM" | "YUN" | "ZAL" | "ZMK" | "ZRN" | "ZRZ" | "ZWC" | "ZWD" | "ZWL" | "ZWN" | "ZWR";
        /** @description Transition not allowed */
        IllegalTransitionProblem: {
            /**
             * Format: uri
             * @description URL of the page that documents this problem
             */
            type: string;
            title: string;
            /** @constant */
            status: 409;
            detail: string;
            /** @description Path of the request */
            instance: string;
            /** @constant */
            code: "illegal-transition";
            /** @description The request’s `X-Kong-Request-Id` */
            traceId: string;
            from: components["schemas"]["OrderStatus"];
            to: components["schemas"]["OrderStatus"];
        };
        Order: {
            /**
             * Format: uuid
             * @description UUIDv7; increases with time
             */
            id: string;
            /**
             * @description Order number for people; increases with time
             * @example ORD-1024
             */
            number: string;
            clientId: string;
            customerId: string;
            currency: components["schemas"]["Currency"];
            lines: components["schemas"]["OrderLine"][];
            status: components["schemas"]["OrderStatus"];
            /** @description Present if the order is rejected */
            rejection?: {
                lines: components["schemas"]["Shortage"][];
            };
            /** @description Present once the order is shipped */
            shipment?: {
                carrier: string;
                trackingNumber: string;
            };
            /** @description Present if cancelled */
            cancellation?: {
                reason?: string;
            };
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            updatedAt: string;
            /** @description Increases by one with each change of status */
            version: number;
        };
        /** @description Order was cancelled */
        OrderCancelledProblem: {
            /**
             * Format: uri
             * @description URL of the page that documents this problem
             */
            type: string;
            title: string;
            /** @constant */
            status: 409;
            detail: string;
            /** @description Path of the request */
            instance: string;
            /** @constant */
            code: "order-cancelled";
            /** @description The request’s `X-Kong-Request-Id` */
            traceId: string;
            /** Format: uuid */
            orderId: string;
        };
        OrderLine: {
            sku: components["schemas"]["Sku"];
            quantity: number;
            /** @description Integer, in minor units */
            unitPrice?: number;
        };
        /** @description Order not found */
        OrderNotFoundProblem: {
            /**
             * Format: uri
             * @description URL of the page that documents this problem
             */
            type: string;
            title: string;
            /** @constant */
            status: 404;
            detail: string;
            /** @description Path of the request */
            instance: string;
            /** @constant */
            code: "order-not-found";
            /** @description The request’s `X-Kong-Request-Id` */
            traceId: string;
        };
        /** @description Not enough stock */
        OrderRejectedProblem: {
            /**
             * Format: uri
             * @description URL of the page that documents this problem
             */
            type: string;
            title: string;
            /** @constant */
            status: 409;
            detail: string;
            /** @description Path of the request */
            instance: string;
            /** @constant */
            code: "order-rejected";
            /** @description The request’s `X-Kong-Request-Id` */
            traceId: string;
            /** Format: uuid */
            orderId: string;
            lines: components["schemas"]["Shortage"][];
        };
        /** @enum {string} */
        OrderStatus: "pending" | "confirmed" | "rejected" | "cancelled" | "shipped" | "delivered";
        OrderWait: {
            /** Format: uuid */
            orderId: string;
            /** @description Absent if the order waits for nothing */
            wait?: {
                /**
                 * @description The request that inventory-service has not answered: the reservation of a pending order, the release of a cancelled order or the fulfilment of a shipped order
                 * @enum {string}
                 */
                awaiting: "reservation" | "release" | "fulfilment";
                /**
                 * Format: date-time
                 * @description ISO 8601, UTC, with milliseconds
                 */
                since: string;
                /** @description Number of requests sent by message */
                asks: number;
                /**
                 * Format: date-time
                 * @description When the request is sent again, unless it is answered before
                 */
                askAgainAt: string;
                /** @description Whether the last message has not reached the broker yet */
                isUnsent: boolean;
            };
        };
        /** @description Order was shipped with other data */
        ShipmentDiffersProblem: {
            /**
             * Format: uri
             * @description URL of the page that documents this problem
             */
            type: string;
            title: string;
            /** @constant */
            status: 409;
            detail: string;
            /** @description Path of the request */
            instance: string;
            /** @constant */
            code: "shipment-differs";
            /** @description The request’s `X-Kong-Request-Id` */
            traceId: string;
        };
        Shortage: {
            sku: components["schemas"]["Sku"];
            requested: number;
            /** @description 0 for an unknown SKU */
            available: number;
            /** @enum {string} */
            reason: "unknown-sku" | "insufficient-stock";
        };
        /**
         * @description A stock keeping unit
         * @example MUG-BLUE
         */
        Sku: string;
        TimelineEntry: {
            /**
             * @description `queued`: the reservation was requested by message. `replays`: retries that got the stored response
             * @enum {string}
             */
            type: "placed" | "queued" | "confirmed" | "rejected" | "cancelled" | "shipped" | "delivered" | "replays";
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            at: string;
            /** @description Id of a client, or name of a service */
            actor: string;
            /** @description Id of the request that caused it */
            correlationId: string;
            /** @description Id of the trace, if it differs from the request’s id */
            traceId?: string;
            /** @description Present for `rejected`, `shipped` and `cancelled`, and for `queued` after a replay of a dead letter */
            detail?: {
                lines: components["schemas"]["Shortage"][];
            } | {
                carrier: string;
                trackingNumber: string;
            } | {
                reason?: string;
            } | {
                /** Format: uuid */
                deadLetter: string;
                message: string;
                reason: string;
            };
            /** @description Number of retries, for `replays` */
            replays?: number;
        };
        PlaceOrderBody: {
            customerId: string;
            currency: components["schemas"]["Currency"];
            lines: components["schemas"]["OrderLine"][];
        };
        PlaceOrderAnswer: components["schemas"]["Order"];
        ListOrdersQuery: {
            /** @description Only orders in this status */
            status?: components["schemas"]["OrderStatus"];
            /** @description Only orders of this customer */
            customerId?: string;
            /** @description Only orders with a line of this SKU */
            sku?: components["schemas"]["Sku"];
            /** @description Only the order with this number */
            number?: string;
            /** @description Maximum number of items in a page */
            limit?: number;
            /** @description `nextCursor` of the previous page, with the same filters */
            cursor?: string;
            /** @description Only orders placed by this client. For back office and operations only */
            clientId?: string;
        };
        ListOrdersAnswer: {
            items: components["schemas"]["Order"][];
            /** @description Pass it as `cursor` to get the next page. Absent on the last page */
            nextCursor?: string;
        };
        ReadOrderAnswer: components["schemas"]["Order"];
        ReadTimelineAnswer: {
            items: components["schemas"]["TimelineEntry"][];
        };
        CancelOrderBody: {
            reason?: string;
        };
        CancelOrderAnswer: components["schemas"]["Order"];
        ShipOrderBody: {
            carrier: string;
            trackingNumber: string;
        };
        ShipOrderAnswer: components["schemas"]["Order"];
        DeliverOrderBody: Record<string, never>;
        DeliverOrderAnswer: components["schemas"]["Order"];
        ReadOrderWaitAnswer: components["schemas"]["OrderWait"];
        AdjustmentResults: {
            results: {
                /** @description Its own `Idempotency-Key`, without quotes around it */
                key: string;
                /** @description Units on hand right after it, if it was made */
                onHand?: number;
                /**
                 * @description Why it was not made, as the adjustment alone would be refused. `validation-failed`: the units on hand would exceed 2^53 - 1. `request-in-progress`, `unavailable`: another request has the key, or keeps the stock level locked; repeat it
                 * @enum {string}
                 */
                code?: "insufficient-stock" | "product-not-found" | "validation-failed" | "idempotency-key-reused" | "request-in-progress" | "unavailable";
            }[];
        };
        /** @description Not enough units available */
        InsufficientStockProblem: {
            /**
             * Format: uri
             * @description URL of the page that documents this problem
             */
            type: string;
            title: string;
            /** @constant */
            status: 409;
            detail: string;
            /** @description Path of the request */
            instance: string;
            /** @constant */
            code: "insufficient-stock";
            /** @description The request’s `X-Kong-Request-Id` */
            traceId: string;
            sku: components["schemas"]["Sku"];
            requested: number;
            available: number;
        };
        Movement: {
            id: string;
            /** @enum {string} */
            kind: "adjusted" | "held" | "released" | "fulfilled";
            deltaOnHand: number;
            deltaReserved: number;
            /**
             * Format: uuid
             * @description Id of the order or the adjustment
             */
            causeId: string;
            /** @description Id of a client, or name of a service */
            actor: string;
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            at: string;
            /** @description Of an adjustment; `count` if it is a count */
            reason?: string;
        };
        Product: {
            sku: components["schemas"]["Sku"];
            name: string;
            /** @description Units physically in stock */
            onHand: number;
            /** @description Units reserved for orders */
            reserved: number;
            /** @description `onHand` minus `reserved` */
            available: number;
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description Time of the last change of the name
             */
            updatedAt: string;
        };
        /** @description Product already exists */
        ProductExistsProblem: {
            /**
             * Format: uri
             * @description URL of the page that documents this problem
             */
            type: string;
            title: string;
            /** @constant */
            status: 409;
            detail: string;
            /** @description Path of the request */
            instance: string;
            /** @constant */
            code: "product-exists";
            /** @description The request’s `X-Kong-Request-Id` */
            traceId: string;
            sku: components["schemas"]["Sku"];
        };
        /** @description Product not found */
        ProductNotFoundProblem: {
            /**
             * Format: uri
             * @description URL of the page that documents this problem
             */
            type: string;
            title: string;
            /** @constant */
            status: 404;
            detail: string;
            /** @description Path of the request */
            instance: string;
            /** @constant */
            code: "product-not-found";
            /** @description The request’s `X-Kong-Request-Id` */
            traceId: string;
        };
        Reservation: {
            /**
             * Format: uuid
             * @description Id of the order
             */
            id: string;
            /**
             * @description `held`: the units are reserved. `fulfilled`: the units have left the stock. `released`: the units were released, or the release came before the request. `rejected`: a line lacked stock
             * @enum {string}
             */
            state: "held" | "fulfilled" | "released" | "rejected";
            /** @description One line per SKU; none if the release came before the request */
            lines: {
                sku: components["schemas"]["Sku"];
                quantity: number;
            }[];
            /** @description Present if the reservation is rejected */
            shortages?: {
                sku: components["schemas"]["Sku"];
                requested: number;
                available: number;
                /** @enum {string} */
                reason: "unknown-sku" | "insufficient-stock";
            }[];
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description ISO 8601, UTC, with milliseconds
             */
            updatedAt: string;
        };
        /** @description Reservation not found */
        ReservationNotFoundProblem: {
            /**
             * Format: uri
             * @description URL of the page that documents this problem
             */
            type: string;
            title: string;
            /** @constant */
            status: 404;
            detail: string;
            /** @description Path of the request */
            instance: string;
            /** @constant */
            code: "reservation-not-found";
            /** @description The request’s `X-Kong-Request-Id` */
            traceId: string;
        };
        /** @description Stock has changed */
        StockChangedProblem: {
            /**
             * Format: uri
             * @description URL of the page that documents this problem
             */
            type: string;
            title: string;
            /** @constant */
            status: 409;
            detail: string;
            /** @description Path of the request */
            instance: string;
            /** @constant */
            code: "stock-changed";
            /** @description The request’s `X-Kong-Request-Id` */
            traceId: string;
            sku: components["schemas"]["Sku"];
            expected: number;
            onHand: number;
            reserved: number;
            available: number;
        };
        CreateProductBody: {
            sku: components["schemas"]["Sku"];
            name: string;
        };
        CreateProductAnswer: components["schemas"]["Product"];
        ListProductsQuery: {
            /** @description Maximum number of items in a page */
            limit?: number;
            /** @description `nextCursor` of the previous page, with the same filters */
            cursor?: string;
            /** @description Only the product with this SKU */
            sku?: components["schemas"]["Sku"];
            /** @description Fewest available units first, then by SKU. For back office and operations only */
            sort?: "available";
        };
        ListProductsAnswer: {
            items: components["schemas"]["Product"][];
            /** @description Pass it as `cursor` to get the next page. Absent on the last page */
            nextCursor?: string;
        };
        ReadProductAnswer: components["schemas"]["Product"];
        RenameProductBody: {
            name: string;
        };
        RenameProductAnswer: components["schemas"]["Product"];
        AdjustStockBody: {
            /** @description Units to add, or to remove if negative */
            delta: number;
            reason: string;
        };
        AdjustStockAnswer: components["schemas"]["Product"];
        AdjustStockBatchBody: {
            adjustments: {
                /** @description Its own `Idempotency-Key`, without quotes around it */
                key: string;
                sku: components["schemas"]["Sku"];
                /** @description Units to add, or to remove if negative */
                delta: number;
                reason: string;
            }[];
        };
        AdjustStockBatchAnswer: components["schemas"]["AdjustmentResults"];
        CountStockBody: {
            /** @description Units on hand, from now on */
            counted: number;
            /** @description Units on hand until now, as they were shown to the person who counted */
            expected: number;
        };
        CountStockAnswer: components["schemas"]["Product"];
        ListMovementsQuery: {
            /** @description Maximum number of items in a page */
            limit?: number;
            /** @description `nextCursor` of the previous page, with the same filters */
            cursor?: string;
        };
        ListMovementsAnswer: {
            items: components["schemas"]["Movement"][];
            /** @description Pass it as `cursor` to get the next page. Absent on the last page */
            nextCursor?: string;
        };
        ReadReservationAnswer: components["schemas"]["Reservation"];
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
