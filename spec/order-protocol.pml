/* Placing, deciding, cancelling and shipping orders, as in the code, for Spin 6.5. See README.md.
 *
 * One step (`atomic`) is one statement, transaction or call of the code, named in the comment beside it as
 * <file>: <function>. Between two steps any number of other steps may happen, which models a slow or frozen process. A
 * crashed process takes no further step.
 * -DORDERS, -DTRIES, … set the size of the search; -DM_… breaks one rule (configurations.ts).
 */
#ifndef ORDERS
#define ORDERS 1        /* orders for the one SKU, each with its own key, attempts, cancellation and shipment; 1 or 2 */
#endif
#ifndef POSTS
#define POSTS 2         /* processes of order-service per key that get POSTs with it, one order each */
#endif
#ifndef POSTS_2
#define POSTS_2 POSTS   /* the same for the second order's key */
#endif
#ifndef TRIES
#define TRIES 1         /* POSTs that each of them gets */
#endif
#ifndef BATCHES
#define BATCHES 0       /* batches that place the orders of both keys as one unit, in addition to the POSTs */
#endif
#ifndef STEPS
#define STEPS 1         /* one cancellation and one shipment per order; 0: none */
#endif
#ifndef FAULTS
#define FAULTS 1        /* of processes: crash, 5xx, lost COMMIT answer (time-outs, freezing and expiring leases are free) */
#endif
#ifndef MFAULTS
#define MFAULTS 0       /* of messages: lost, delivered or published twice, dead-lettered */
#endif
#ifndef ASKS
#define ASKS 1          /* times that the completer repeats commands while steps are possible, in addition to when none are */
#endif
#ifndef REAPS
#define REAPS 0         /* completed keys that pass their retention */
#endif
#ifndef REPAIRS
#define REPAIRS 0       /* reservations that the reconciliation checks */
#endif
#ifndef CAP
#define CAP 1           /* equal messages in flight that are counted separately */
#endif
#define ON_HAND 1       /* enough for one of two orders, or for the competing reservation if there is one order */

/* the state of a key (idempotency-keys-table.ts: createIdempotencyKeysTableV1) */
#define K_NONE 0
#define K_RUNNING 1     /* claimed, with lease and token */
#define K_ACCEPTED 2    /* 202 was returned, a message will complete it */
#define K_COMPLETED 3   /* the final answer is stored */
/* orders.status (order.ts: transitions; delivery is left out, because it has no effect here) */
#define O_NONE 0
#define O_PENDING 1
#define O_CONFIRMED 2
#define O_REJECTED 3
#define O_CANCELLED 4
#define O_SHIPPED 5
/* orders.first_outcome, and its final response (replies.ts: finalReply) */
#define NOTHING 0
#define CONFIRMED 1     /* 201 */
#define REJECTED 2      /* 409 order-rejected */
#define CANCELLED 3     /* 409 order-cancelled */
/* orders.awaiting (order.ts: cancel; order.ts: ship; order.ts: applyDecision) */
#define W_NONE 0
#define W_RESERVATION 1
#define W_RELEASE 2
#define W_FULFILMENT 3
/* reservations.state (reservation.ts: transitions) */
#define R_NONE 0
#define R_HELD 1
#define R_REJECTED 2
#define R_RELEASED 3
#define R_FULFILLED 4
/* the result of the call to inventory-service (reservation-client.ts: createReservationClient) */
#define H_UNKNOWN 0
#define H_HELD 1
#define H_REJECTED 2
#define H_RELEASED 3
/* messages (order-service.ts: reservationCommands; inventory-service.ts: reservationReplies). The refusal by a tombstone differs from a
 * lack of stock in its reason; both are final, so here the reservation's row has it. */
#define REQUESTED 0
#define RELEASE 1
#define FULFIL 2
#define HELD 3
#define REFUSED 4
#define RELEASED 5
#define FULFILLED 6
#define TYPES 7

/* order-db */
byte key[ORDERS], token[ORDERS], stored[ORDERS];
byte madeBy[ORDERS];            /* the owner of the order id in the key's resource_id */
bit  lease[ORDERS];             /* it has not expired */
byte order[ORDERS], first[ORDERS], awaiting[ORDERS];
/* inventory-db */
byte res[ORDERS], onHand = ON_HAND, reserved;
#if ORDERS == 1
byte competitor = R_NONE;       /* a reservation of another order, which may be held and released */
#endif
#ifdef M_COMPLETER_NEW_ID
bit extraHold;
#endif
/* outboxes, queues, inboxes: message m of order o is at o * TYPES + m */
byte fresh[ORDERS * TYPES];     /* in flight, and its id is not in the inbox */
byte again[ORDERS * TYPES];     /* in flight, and its id is in the inbox */
byte dead[ORDERS * TYPES];      /* in dead_letters */
bit  stray[ORDERS];             /* a POST /reservations whose caller timed out, and which may still arrive */

byte faults = FAULTS, mfaults = MFAULTS, asks = ASKS, reaps = REAPS, repairs = REPAIRS;
byte running;                   /* processes that place orders */
byte held[POSTS + POSTS_2 + BATCHES * ORDERS];   /* the token that each placing assumes to hold; 0: none */

/* the history, for the claims only */
byte orders[ORDERS], holds[ORDERS], fulfilments[ORDERS], answered[ORDERS], rounds;
bit  wasConfirmed[ORDERS];

#define AT(o, m) ((o) * TYPES + (m))
#define COUNT(o, m) fresh[AT(o, m)]
/* outbox-message.ts: addToOutbox, in the transaction of the change; relay.ts: startRelay publishes it at least once */
inline put(o, t) { COUNT(o, t) = (COUNT(o, t) < CAP -> COUNT(o, t) + 1 : CAP) }

/* ------------------------------------------------------------------------------------------------ inventory-service */
#if defined(M_REFUSAL_NOT_STORED)
#define MAY_HOLD(o) (res[o] == R_NONE || res[o] == R_REJECTED)
#elif defined(M_TOMBSTONE_NOT_RESPECTED)
#define MAY_HOLD(o) (res[o] == R_NONE || res[o] == R_RELEASED)
#else
#define MAY_HOLD(o) (res[o] == R_NONE)
#endif
#ifdef M_FULFILLED_REPORTED_REJECTED
#define OF_FULFILLED H_REJECTED
#else
#define OF_FULFILLED H_HELD
#endif

/* hold-reservations.ts: holdReservations; decide.ts: decide; for a known id reservation.ts: repeatHold */
inline holdSeeing(o, available, out) {
    if
    :: MAY_HOLD(o) ->
        if
        :: available -> res[o] = R_HELD; reserved++; holds[o]++; out = H_HELD
        :: else -> res[o] = R_REJECTED; out = H_REJECTED
        fi
    :: else ->
        if
        :: res[o] == R_HELD -> out = H_HELD
        :: res[o] == R_FULFILLED -> out = OF_FULFILLED
        :: res[o] == R_REJECTED -> out = H_REJECTED
        :: res[o] == R_RELEASED -> out = H_RELEASED
        fi
    fi;
    assert(holds[o] <= 1);
    assert(reserved <= onHand)
}
inline hold(o, out) { holdSeeing(o, (onHand > reserved), out) }

/* reservations.messages.ts: reservationCommandHandler; change-reservations.ts: changeReservationsWithin */
inline onRequested(o) {
#ifdef M_COMPLETER_NEW_ID
    if
    :: !extraHold && onHand > reserved -> extraHold = 1; reserved++; holds[o]++; got = H_HELD
    :: else -> got = H_REJECTED
    fi;
    assert(holds[o] <= 1);
#else
    hold(o, got);
#endif
    if :: got == H_HELD -> put(o, HELD) :: else -> put(o, REFUSED) fi
}

/* reservation.ts: release */
inline onRelease(o) {
    if
    :: res[o] == R_NONE ->
#ifndef M_RELEASE_UNKNOWN_IGNORED
        res[o] = R_RELEASED
#else
        skip
#endif
    :: res[o] == R_HELD -> res[o] = R_RELEASED; assert(reserved > 0); reserved--
    :: res[o] == R_FULFILLED -> assert(res[o] != R_FULFILLED)       /* release-of-fulfilled, a dead letter: the search shows that it never occurs */
    :: else -> skip
    fi;
    put(o, RELEASED)
}

/* reservation.ts: fulfil */
inline onFulfil(o) {
    if
    :: res[o] == R_HELD -> res[o] = R_FULFILLED; onHand--; reserved--; fulfilments[o]++
    :: res[o] == R_FULFILLED ->
#ifdef M_FULFIL_NOT_IDEMPOTENT
        fulfilments[o]++
#else
        skip
#endif
    :: else -> assert(res[o] == R_HELD)             /* fulfil-of-…, a dead letter: it never occurs either */
    fi;
    assert(fulfilments[o] <= 1);
    assert(reserved <= onHand);
    put(o, FULFILLED)
}

/* ---------------------------------------------------------------------------------------------------- order-service */
/* orders.sql.ts: applyTransitions, for a step that takes the order out of `pending`: it completes the key, regardless of its owner */
inline leavePending(o, status, outcome, wait) {
    order[o] = status; first[o] = outcome; awaiting[o] = wait;
    if :: outcome == CONFIRMED -> wasConfirmed[o] = 1 :: else -> skip fi;
    if
    :: key[o] != K_NONE -> key[o] = K_COMPLETED; stored[o] = outcome; lease[o] = 0
    :: else -> skip
    fi
}

#ifdef M_REPLY_NO_GUARD
#define REPLY_APPLIES(o) (order[o] == O_PENDING || order[o] == O_CANCELLED)
#else
#define REPLY_APPLIES(o) (order[o] == O_PENDING)
#endif
#if defined(M_LATE_HELD_RELEASES)
#define LATE_RELEASES(o) (order[o] == O_CANCELLED)
#elif defined(M_LATE_HELD_RELEASES_SHIPPED)
#define LATE_RELEASES(o) (order[o] == O_CANCELLED || order[o] == O_SHIPPED)
#else
#define LATE_RELEASES(o) false
#endif
#ifdef M_COMPLETER_NEW_ID
#define IS_REFUSED(o) true
#else
#define IS_REFUSED(o) (res[o] == R_REJECTED)
#endif

/* apply-reservation-results.ts: applyReservationResults; order.ts: applyDecision */
inline onHeld(o) {
    if
    :: REPLY_APPLIES(o) ->
#ifdef M_REPLY_LEAVES_KEY
        if
        :: key[o] == K_RUNNING && lease[o] -> order[o] = O_CONFIRMED; first[o] = CONFIRMED; awaiting[o] = W_NONE; wasConfirmed[o] = 1
        :: else -> leavePending(o, O_CONFIRMED, CONFIRMED, W_NONE)
        fi
#else
        leavePending(o, O_CONFIRMED, CONFIRMED, W_NONE)
#endif
    :: !(REPLY_APPLIES(o)) && LATE_RELEASES(o) -> put(o, RELEASE)
    :: else -> skip
    fi
}
inline onRefused(o) {
    if
    :: order[o] == O_PENDING -> assert(IS_REFUSED(o)); leavePending(o, O_REJECTED, REJECTED, W_NONE)     /* released-while-pending never occurs */
    :: else -> skip
    fi
}
/* orders.sql.ts: endWaits */
inline onReleased(o) { if :: awaiting[o] == W_RELEASE -> awaiting[o] = W_NONE :: else -> skip fi }
inline onFulfilled(o) { if :: awaiting[o] == W_FULFILMENT -> awaiting[o] = W_NONE :: else -> skip fi }

/* a final response is sent to the client */
inline answer(o, a) {
    assert(answered[o] == NOTHING || answered[o] == a);
    assert(a != CANCELLED || !wasConfirmed[o]);
    assert(a != CONFIRMED || wasConfirmed[o]);
    answered[o] = a
}

/* ------------------------------------------------------------------------------- the statements of POST /orders (o, me) */
#define IS_UNKNOWN_KEY(o) (key[o] == K_NONE && order[o] == O_NONE)
#define IS_PAST_RETENTION(o) (key[o] == K_NONE && order[o] != O_NONE)

/* placement.sql.ts: insertPlacements, if the key is free */
inline insert(o) {
    key[o] = K_RUNNING; token[o] = 1; lease[o] = 1; madeBy[o] = me; order[o] = O_PENDING; awaiting[o] = W_RESERVATION;
    orders[o]++; held[me] = 1
}

#ifdef M_REBUILD_FROM_STATUS
#define OUTCOME(o) (order[o] == O_CANCELLED -> CANCELLED : (order[o] == O_REJECTED -> REJECTED : CONFIRMED))
#else
#define OUTCOME(o) first[o]
#endif
/* placement-batch.ts: judgeByOrder; 202 if the order is pending */
inline rebuild(o) {
    if
    :: order[o] == O_NONE || first[o] == NOTHING -> skip
    :: else -> answer(o, OUTCOME(o))
    fi;
#ifdef M_RECLAIM_AFTER_RETENTION
    if :: key[o] == K_NONE -> key[o] = K_RUNNING; token[o] = 1; lease[o] = 1 :: else -> skip fi
#endif
}

/* claim-leases.ts: isOwn */
#ifdef M_SAME_ORDER_MEANS_MINE
#define MY_ROW(o) (rerun && madeBy[o] == me)
#else
#define MY_ROW(o) (rerun && madeBy[o] == me && token[o] == 1)
#endif
#ifdef M_LOSER_JOINS
#define JOINS true
#else
#define JOINS false
#endif
/* keys.sql.ts: takeOver */
inline takeOver(o, took) {
    if
    :: key[o] == K_RUNNING && !lease[o] -> token[o]++; lease[o] = 1; held[me] = token[o]; took = 1
    :: else -> took = 0                             /* too late: 409 */
    fi
}

/* the guard of B (orders.sql.ts: applyTransitions; placement.sql.ts: queueReservations) */
#ifdef M_NO_TOKEN
#define MINE(o) true
#else
#define MINE(o) (held[me] == token[o] && key[o] == K_RUNNING)
#endif
#if defined(M_B_NO_GUARD)
#define GUARD(o) (held[me] == token[o])
#elif defined(M_B_GUARD_BY_KEY)
#define GUARD(o) MINE(o)
#else
#define GUARD(o) (order[o] == O_PENDING && MINE(o))
#endif
/* placement-batch.ts: completeKnown; placement-batch.ts: queueUnknown */
inline completeHop(o, hop) {
    if
    :: hop == H_HELD -> leavePending(o, O_CONFIRMED, CONFIRMED, W_NONE)
    :: hop == H_REJECTED -> leavePending(o, O_REJECTED, REJECTED, W_NONE)
    :: hop == H_RELEASED -> assert(order[o] != O_PENDING)       /* a tombstone of a pending order never occurs */
    :: hop == H_UNKNOWN ->
#ifdef M_UNKNOWN_IS_REJECTED
        leavePending(o, O_REJECTED, REJECTED, W_NONE)
#else
        put(o, REQUESTED);
        if :: key[o] == K_NONE -> skip :: else -> key[o] = K_ACCEPTED; lease[o] = 0 fi
#endif
    fi
}
#ifdef M_UNKNOWN_IS_REJECTED
#define ANSWER_OF(hop) (hop == H_HELD -> CONFIRMED : REJECTED)
#else
#define ANSWER_OF(hop) (hop == H_HELD -> CONFIRMED : (hop == H_REJECTED -> REJECTED : NOTHING))
#endif

/* placement-batch.ts: releaseFailed; keys.sql.ts: releaseLeases */
#ifdef M_NO_GIVE_BACK_CHECK
#define GIVES_BACK(o) (key[o] == K_RUNNING)
#else
#define GIVES_BACK(o) (key[o] == K_RUNNING && held[me] == token[o])
#endif
inline giveBack(o) { if :: GIVES_BACK(o) -> lease[o] = 0 :: else -> skip fi }

/* placement-batch.ts: answersOfOthers, the second of its two queries; the first one read whether the order was pending */
inline answerOfOther(o, sawPending) {
#if defined(M_ANSWER_FROM_ORDER)
    if
    :: order[o] == O_CONFIRMED || order[o] == O_SHIPPED -> answer(o, CONFIRMED)
    :: order[o] == O_REJECTED -> answer(o, REJECTED)
    :: order[o] == O_CANCELLED -> answer(o, CANCELLED)
    :: else -> skip
    fi
#elif defined(M_ANSWER_FROM_HOP)
    if :: ANSWER_OF(hop) != NOTHING -> answer(o, ANSWER_OF(hop)) :: else -> skip fi
#elif defined(M_KEY_BEFORE_ORDER)
    if
    :: sawStored != NOTHING -> answer(o, sawStored)
    :: sawStored == NOTHING && order[o] == O_PENDING -> skip
    :: else -> assert(key[o] == K_NONE)
    fi
#else
    if
    :: key[o] == K_COMPLETED -> answer(o, stored[o])
    :: key[o] != K_COMPLETED && sawPending -> skip  /* 202 */
    :: else -> assert(key[o] == K_NONE)             /* 500, only for a process that was frozen past the retention of its key */
    fi
#endif
}

/* ------------------------------------------------------------- POST /orders: placement-batch.ts: placeBatch, a batch of one */
proctype Post(byte o, me) {
    byte tries = 0, hop = H_UNKNOWN;
    bit rerun = 0, saw = 0;
#ifdef M_KEY_BEFORE_ORDER
    byte sawStored = NOTHING;
#endif

next:
    atomic { /* a request, with an order id of its own */
        held[me] = 0; hop = H_UNKNOWN; rerun = 0; saw = 0;
        if
        :: tries < TRIES -> tries++
        :: else -> running--; goto done
        fi
    };
a:  atomic { /* A. After a lost COMMIT answer it runs again (retrying-lost-connection.ts: retryingLostConnection) */
        if
        :: IS_UNKNOWN_KEY(o) -> insert(o);
            if :: goto claimed :: faults > 0 && !rerun -> faults--; rerun = 1; held[me] = 0; goto a fi
        :: IS_PAST_RETENTION(o) -> goto past        /* 23505 (orders.sql.ts: isOrderOfKeyKnown) */
        :: key[o] != K_NONE ->
#ifdef M_LOSER_EXECUTES
#ifdef M_NO_UNIQUE
            orders[o]++; assert(orders[o] <= 1)
#else
            goto next                               /* 23505 from orders: 500, no effect */
#endif
#else
            goto lost
#endif
        fi
    };
lost:
    atomic { /* keys.sql.ts: readKeys, a new snapshot; claim-leases.ts: judgeByKey */
        if
        :: key[o] == K_NONE -> goto past            /* its row was removed between the two statements */
        :: key[o] == K_COMPLETED -> answer(o, stored[o]); goto next
        :: key[o] == K_ACCEPTED -> goto accepted
        :: key[o] == K_RUNNING ->
            if
            :: MY_ROW(o) -> held[me] = token[o]; goto claimed
            :: !(MY_ROW(o)) && JOINS -> held[me] = token[o]; goto claimed
            :: !(MY_ROW(o)) && !(JOINS) && lease[o] -> goto next          /* 409 request-in-progress */
            :: !(MY_ROW(o)) && !(JOINS) && lease[o] -> goto accepted      /* its request got 202 at the time limit */
            :: !(MY_ROW(o)) && !(JOINS) && !lease[o] -> skip
            fi
        fi
    };
    atomic { takeOver(o, saw); if :: saw -> saw = 0; goto claimed :: else -> goto next fi };
accepted:
    atomic { if :: first[o] == NOTHING -> goto next /* 202 */ :: else -> skip fi };       /* placement-batch.ts: judgeByOrder, one query; the key's stored response is equal to the one it rebuilds */
    atomic { if :: key[o] == K_COMPLETED -> answer(o, stored[o]); goto next :: else -> skip fi };
past:
    atomic { rebuild(o); goto next };
claimed:
    atomic { /* the hop: placement-batch.ts: reserve */
        if
#ifdef M_HOLD_READS_THEN_WRITES
        :: saw = (onHand > reserved) -> goto write
#else
        :: hold(o, hop)                             /* answered in time */
#endif
        :: hop = H_UNKNOWN; stray[o] = 1            /* no response: handled later, or never; or handled, and its response lost */
        :: hop = H_UNKNOWN                          /* refused, breaker open, no time left */
        fi
    };
#ifdef M_HOLD_READS_THEN_WRITES
    goto b;
write:
    atomic { holdSeeing(o, saw, hop); saw = 0 };
#endif
b:  atomic { /* B, with the response from its own result: placement-batch.ts: completeMembers */
        if
        :: faults > 0 -> faults--; goto next                            /* crash; also before the hop, or before the result of A arrived */
        :: faults > 0 -> faults--; giveBack(o); goto next               /* 5xx */
        :: GUARD(o) -> completeHop(o, hop);
            if
            :: ANSWER_OF(hop) != NOTHING -> answer(o, ANSWER_OF(hop)); goto next
            :: ANSWER_OF(hop) == NOTHING -> goto next                   /* 202 */
            :: faults > 0 -> faults--; goto b                           /* its COMMIT answer was lost: B again */
            fi
        :: !(GUARD(o)) -> skip
        fi
    };
    /* B had no effect: placement-batch.ts: answersOfOthers, first the orders, then the keys */
#ifdef M_KEY_BEFORE_ORDER
    atomic { sawStored = (key[o] == K_COMPLETED -> stored[o] : NOTHING) };
    atomic { answerOfOther(o, saw); sawStored = NOTHING; goto next };
#else
    atomic { saw = (order[o] == O_PENDING) };
    atomic { answerOfOther(o, saw); goto next };
#endif
done: skip
}

/* -------------------------------------------------- POST /orders of both keys in one batch: placement-batch.ts: placeBatch
 * A, the hop and B are one statement or call for both members; decisions are per member. */
#if BATCHES > 0
#define S_OUT 0         /* answered, or timed out */
#define S_ENTERED 1
#define S_LOST 2        /* its key was taken */
#define S_EXPIRED 3     /* … by a claim with an expired lease */
#define S_ACCEPTED 4    /* … by an order that was answered 202 */
#define S_PAST 5        /* the key's row is gone, the order is not */
#define S_CLAIMED 6
#define S_OVERTAKEN 7   /* B had no effect */
#define S_COMPLETED 8   /* B had its effect, and its response is not sent yet */

#define EACH n = 0; do :: n < ORDERS -> me = slot + n;
#define DONE n++ :: else -> break od; n = 0; me = slot

inline enter(o) { /* A, of one member */
    if
    :: IS_UNKNOWN_KEY(o) -> insert(o); st[o] = S_CLAIMED
    :: IS_PAST_RETENTION(o) -> st[o] = S_PAST
    :: key[o] != K_NONE -> st[o] = S_LOST
    fi
}
inline judge(o) { /* claim-leases.ts: judgeByKey */
    if
    :: st[o] != S_LOST -> skip
    :: st[o] == S_LOST ->
        if
        :: key[o] == K_NONE -> st[o] = S_PAST
        :: key[o] == K_COMPLETED -> answer(o, stored[o]); st[o] = S_OUT
        :: key[o] == K_ACCEPTED -> st[o] = S_ACCEPTED
        :: key[o] == K_RUNNING ->
            if
            :: MY_ROW(o) -> held[me] = token[o]; st[o] = S_CLAIMED
            :: !(MY_ROW(o)) && lease[o] -> st[o] = S_OUT
            :: !(MY_ROW(o)) && lease[o] -> st[o] = S_ACCEPTED
            :: !(MY_ROW(o)) && !lease[o] -> st[o] = S_EXPIRED
            fi
        fi
    fi
}
inline completeMember(o) { /* B, of one member */
    if
    :: st[o] != S_CLAIMED && st[o] != S_COMPLETED -> skip
    :: (st[o] == S_CLAIMED || st[o] == S_COMPLETED) && GUARD(o) -> completeHop(o, said[o]); st[o] = S_COMPLETED
    :: (st[o] == S_CLAIMED || st[o] == S_COMPLETED) && !(GUARD(o)) -> st[o] = S_OVERTAKEN
    fi
}
inline answerMember(o) {
    if
    :: st[o] == S_COMPLETED && ANSWER_OF(said[o]) != NOTHING -> answer(o, ANSWER_OF(said[o])); st[o] = S_OUT
    :: st[o] == S_COMPLETED && ANSWER_OF(said[o]) == NOTHING -> st[o] = S_OUT
    :: else -> skip
    fi
}
/* a 5xx by a living process: its lease must be released */
inline giveUp(o) {
    assert(!(key[o] == K_RUNNING && held[me] != 0 && held[me] == token[o] && lease[o]));
    st[o] = S_OUT
}

proctype Batch(byte slot) {
    byte st[ORDERS] = S_ENTERED, said[ORDERS], n, me;
    bit rerun, lostAnswer, saw, known;

    me = slot;
a:  atomic { /* A (placement.sql.ts: insertPlacements), through retrying-lost-connection.ts: retryingLostConnection and batcher.ts: isolatingFailures */
        if
        :: faults > 0 -> faults--; goto eachAlone           /* an unexpected error: rolled back, and run one by one */
        :: IS_PAST_RETENTION(0) || IS_PAST_RETENTION(1) -> goto eachAlone       /* 23505 of one refuses them all */
        :: !(IS_PAST_RETENTION(0) || IS_PAST_RETENTION(1)) ->
            EACH enter(n); DONE;
            if
            :: goto judging
            :: faults > 0 && !rerun -> faults--; rerun = 1; goto a              /* the COMMIT answer was lost: again */
            fi
        fi
    };
eachAlone:
    atomic {
        if
        :: n < ORDERS -> me = slot + n; enter(n);
            if
            :: n++
            :: faults > 0 && !rerun && st[n] == S_CLAIMED -> faults--; lostAnswer = 1; n++
            fi;
            goto eachAlone
        :: else -> n = 0; me = slot;
            if
            :: lostAnswer -> lostAnswer = 0; rerun = 1; goto a                  /* all of them again */
            :: else -> skip
            fi
        fi
    };
judging:
    atomic { /* claim-leases.ts: claimLosers, one query for all that lost */
        if
        :: EACH judge(n); DONE
        :: faults > 0 && (st[0] == S_LOST || st[1] == S_LOST) -> faults--;      /* it fails: 5xx for those that lost */
#ifdef M_LOOKUP_FAILS_WINNERS
            EACH giveUp(n); DONE
#else
            EACH if :: st[n] == S_LOST -> st[n] = S_OUT :: else -> skip fi; DONE
#endif
        fi
    };
    do /* claim-leases.ts: resume, one query for all, and placement-batch.ts: answerByOrders; here one by one; then all claimed members continue together */
    :: atomic { n < ORDERS && st[n] == S_EXPIRED -> me = slot + n; takeOver(n, saw); st[n] = (saw -> S_CLAIMED : S_OUT); saw = 0 }
    :: atomic { n < ORDERS && st[n] == S_ACCEPTED && !saw -> saw = (first[n] != NOTHING); if :: saw -> skip :: else -> st[n] = S_OUT fi }
    :: atomic { n < ORDERS && st[n] == S_ACCEPTED && saw -> saw = 0;
        if :: key[n] == K_COMPLETED -> answer(n, stored[n]); st[n] = S_OUT :: else -> st[n] = S_PAST fi }
    :: atomic { n < ORDERS && st[n] == S_PAST -> rebuild(n); st[n] = S_OUT }
    :: atomic { n < ORDERS && (st[n] == S_OUT || st[n] == S_CLAIMED) -> n++ }
    :: atomic { n == ORDERS -> n = 0; me = slot; break }
    od;
    atomic { /* one call for all that are claimed, decided in the order of the call (hold-reservations.ts: holdCalls) */
        if
        :: st[0] != S_CLAIMED && st[1] != S_CLAIMED -> goto over
        :: else ->
            if
            :: EACH if :: st[n] == S_CLAIMED -> hold(n, said[n]) :: else -> skip fi; DONE
            :: EACH if :: st[n] == S_CLAIMED -> stray[n] = 1 :: else -> skip fi; DONE
            :: skip
            fi
        fi;
#ifdef M_ONE_ANSWER_FOR_ALL
        if :: st[0] == S_CLAIMED && st[1] == S_CLAIMED -> said[1] = said[0] :: else -> skip fi
#endif
    };
b:  atomic { /* B, the same way */
        if
        :: faults > 0 -> faults--; goto over                                    /* crash */
        :: faults > 0 -> faults--; goto completeAlone                             /* rolled back, and run one by one */
        :: EACH completeMember(n); DONE;
            if
            :: EACH answerMember(n); DONE; goto completed
            :: faults > 0 -> faults--; goto b                                   /* the COMMIT answer was lost: again */
            fi
        fi
    };
completeAlone:
    atomic {
        if
        :: n < ORDERS -> me = slot + n;
            if
            :: completeMember(n); answerMember(n)
            :: faults > 0 -> faults--; if :: st[n] == S_CLAIMED -> giveBack(n); giveUp(n) :: else -> skip fi   /* the bad one */
            fi;
            n++; goto completeAlone
        :: else -> n = 0; me = slot
        fi
    };
completed:
    do
    :: atomic { n < ORDERS && st[n] == S_OVERTAKEN -> saw = (order[n] == O_PENDING); st[n] = S_LOST }
    :: atomic { n < ORDERS && st[n] == S_LOST -> answerOfOther(n, saw); saw = 0; st[n] = S_OUT }
    :: atomic { n < ORDERS && st[n] == S_OUT -> n++ }
    :: atomic { n == ORDERS -> break }
    od;
over:
    atomic { n = 0; me = 0; saw = 0; rerun = 0;
        do :: n < ORDERS -> held[slot + n] = 0; st[n] = 0; said[n] = 0; n++ :: else -> break od;
        n = 0; running-- }
}
#endif

/* ----------------------------------- cancellation and shipment: orders.routes.ts: orderRoutes, one transaction each */
proctype Cancel(byte o) { /* order.ts: cancel; change-order.ts: changeOrder */
end:
    atomic { order[o] != O_NONE ->
        if
        :: order[o] == O_PENDING ->
#ifdef M_CANCEL_LEAVES_KEY
            order[o] = O_CANCELLED; first[o] = CANCELLED; awaiting[o] = W_RELEASE;
#else
            leavePending(o, O_CANCELLED, CANCELLED, W_RELEASE);
#endif
#ifdef M_CANCEL_PENDING_NO_RELEASE
            awaiting[o] = W_NONE
#else
            put(o, RELEASE)
#endif
        :: order[o] == O_CONFIRMED -> order[o] = O_CANCELLED; awaiting[o] = W_RELEASE; put(o, RELEASE)
        :: else -> skip                             /* 409 illegal-transition */
        fi }
}

proctype Ship(byte o) { /* order.ts: ship; change-order.ts: changeOrder */
end:
#ifdef M_SHIP_READS_THEN_WRITES
    order[o] == O_CONFIRMED; atomic { order[o] = O_SHIPPED; awaiting[o] = W_FULFILMENT; put(o, FULFIL) }
#else
    atomic { order[o] == O_CONFIRMED -> order[o] = O_SHIPPED; awaiting[o] = W_FULFILMENT; put(o, FULFIL) }
#endif
}

/* ------------------------------------------ messages: consume.ts: startConsumer; handle-batch.ts: handleBatch
 * In any order, at any time. The inbox row commits with the effect (inbox.ts: recordInInbox). A batch of messages is one
 * of the orders in which single ones can be handled. A replayed dead letter counts as new (inbox.ts: removeFromInbox). */
#ifdef M_NO_INBOX
#define ON_DUPLICATE(effect, o) effect(o)
#else
#define ON_DUPLICATE(effect, o) skip
#endif
#define DELIVER(o, t, effect) \
    :: atomic { fresh[AT(o, t)] > 0 -> fresh[AT(o, t)]--; \
        if :: skip :: mfaults > 0 && again[AT(o, t)] == 0 -> mfaults--; again[AT(o, t)]++ fi;  /* it comes twice */ \
        effect(o); got = 0 } \
    :: atomic { again[AT(o, t)] > 0 -> again[AT(o, t)]--; ON_DUPLICATE(effect, o); got = 0 } \
    :: atomic { fresh[AT(o, t)] > 0 && mfaults > 0 -> mfaults--; fresh[AT(o, t)]--; dead[AT(o, t)]++ } \
    :: atomic { again[AT(o, t)] > 0 && mfaults > 0 -> mfaults--; again[AT(o, t)]--; dead[AT(o, t)]++ } \
    :: atomic { dead[AT(o, t)] > 0 -> dead[AT(o, t)]--; put(o, t) }     /* dead-letters.sql.ts: replayLetters */ \
    :: atomic { dead[AT(o, t)] > 0 -> dead[AT(o, t)]-- }                /* discarded, lost, or never replayed */

proctype Messages(byte o) {
    byte got = H_UNKNOWN;
end:
    do
    DELIVER(o, REQUESTED, onRequested)
    DELIVER(o, RELEASE, onRelease)
    DELIVER(o, FULFIL, onFulfil)
    DELIVER(o, HELD, onHeld)
    DELIVER(o, REFUSED, onRefused)
    DELIVER(o, RELEASED, onReleased)
    DELIVER(o, FULFILLED, onFulfilled)
    :: atomic { stray[o] -> stray[o] = 0; hold(o, got); got = 0 }       /* handled late; no caller waits for the response */
    :: atomic { stray[o] -> stray[o] = 0 }
    od
}

/* -------------------------------------------------------------------------------------------- time, and other orders */
#ifdef M_REAP_PENDING
#define REAPABLE(o) (key[o] != K_NONE)
#else
#define REAPABLE(o) (key[o] == K_COMPLETED)
#endif
proctype Time(byte o) {
end:
    do
    :: atomic { key[o] == K_RUNNING && lease[o] -> lease[o] = 0 }       /* the 30 s of a lease may be over at any time */
    :: atomic { reaps > 0 && REAPABLE(o) -> reaps--; key[o] = K_NONE; stored[o] = NOTHING; token[o] = 0; madeBy[o] = 0; lease[o] = 0 }
    od              /* keys.sql.ts: removeExpiredKeys */
}

#if ORDERS == 1
proctype Competitor() {
end:
    atomic { competitor == R_NONE && onHand > reserved -> competitor = R_HELD; reserved++ };
    atomic { competitor = R_RELEASED; assert(reserved > 0); reserved-- }
}
#endif

/* ------------------------------------------------------------------ completer, reconciliation, and the claims when no step is possible */
#if defined(M_COMPLETER_ABSENT)
#define IS_ASKED(o) false
#elif defined(M_COMPLETER_PENDING_ONLY)
#define IS_ASKED(o) (awaiting[o] == W_RESERVATION)
#else
#define IS_ASKED(o) (awaiting[o] != W_NONE)
#endif
/* completer.ts: askAgain; order-messages.ts: reservationCommand, a new message id each time */
inline ask(o) {
    if
#ifdef M_COMPLETER_SAME_MESSAGE_ID
    :: awaiting[o] == W_RESERVATION -> again[AT(o, REQUESTED)] = 1
#else
    :: awaiting[o] == W_RESERVATION -> put(o, REQUESTED)
#endif
    :: awaiting[o] == W_RELEASE -> put(o, RELEASE)
    :: awaiting[o] == W_FULFILMENT -> put(o, FULFIL)
    fi
}

#if ORDERS == 1
#define ANY(predicate) (predicate(0))
#define ALL(predicate) (predicate(0))
#define HELD_BY_OTHERS (competitor == R_HELD)
#define HELD_BY_ALL (res[0] == R_HELD)
#else
#define ANY(predicate) (predicate(0) || predicate(1))
#define ALL(predicate) (predicate(0) && predicate(1))
#define HELD_BY_OTHERS 0
#define HELD_BY_ALL ((res[0] == R_HELD) + (res[1] == R_HELD))
#endif
#define NO(o, t) (fresh[AT(o, t)] == 0 && again[AT(o, t)] == 0 && dead[AT(o, t)] == 0)
#define IS_QUIET(o) (!stray[o] && NO(o, REQUESTED) && NO(o, RELEASE) && NO(o, FULFIL) && NO(o, HELD) && NO(o, REFUSED) \
                     && NO(o, RELEASED) && NO(o, FULFILLED))
#define QUIET (running == 0 && ALL(IS_QUIET))

/* Claims for every state in which no step is possible. Each alternative is enabled only if its claim is false, so it adds no states. */
#define CLAIM(claim) :: atomic { QUIET && !ANY(IS_ASKED) && !(claim) -> assert(claim) }
#define CLAIMS(o) \
    CLAIM(orders[o] == 1 && order[o] != O_NONE && order[o] != O_PENDING) \
    CLAIM(key[o] == K_COMPLETED || (key[o] == K_NONE && reaps < REAPS)) \
    CLAIM(key[o] != K_COMPLETED || stored[o] == first[o]) \
    CLAIM(first[o] == CONFIRMED || (first[o] == REJECTED && order[o] == O_REJECTED) || (first[o] == CANCELLED && order[o] == O_CANCELLED)) \
    CLAIM((first[o] == CONFIRMED) == wasConfirmed[o]) \
    CLAIM(order[o] != O_CONFIRMED || res[o] == R_HELD) \
    CLAIM((order[o] == O_SHIPPED) == (res[o] == R_FULFILLED)) \
    CLAIM((order[o] == O_SHIPPED) == (fulfilments[o] == 1)) \
    CLAIM((order[o] != O_CANCELLED && order[o] != O_REJECTED) || res[o] != R_HELD) \
    CLAIM(awaiting[o] == W_NONE)
#if ORDERS == 1
#define SHIPPED_UNITS fulfilments[0]
#else
#define SHIPPED_UNITS (fulfilments[0] + fulfilments[1])
#endif

proctype Completer() {
end:
    do
    :: atomic { asks > 0 && IS_ASKED(0) -> asks--; ask(0) }
    :: atomic { QUIET && IS_ASKED(0) -> rounds++; ask(0); assert(rounds <= MFAULTS + ORDERS) }
#if ORDERS == 2
    :: atomic { asks > 0 && IS_ASKED(1) -> asks--; ask(1) }
    :: atomic { QUIET && IS_ASKED(1) -> rounds++; ask(1); assert(rounds <= MFAULTS + ORDERS) }
#endif
    CLAIM(reserved == HELD_BY_ALL + HELD_BY_OTHERS)
    CLAIM(onHand == ON_HAND - SHIPPED_UNITS)
    CLAIMS(0)
#if ORDERS == 2
    CLAIMS(1)
#endif
    od
}

/* Reconciliation: reads a reservation that is held, then its order at a later time. */
#ifdef M_RECONCILER_RELEASES_PENDING
#define IS_LEFT_OVER(o) (order[o] == O_CANCELLED || order[o] == O_REJECTED || order[o] == O_PENDING)
#else
#define IS_LEFT_OVER(o) (order[o] == O_CANCELLED || order[o] == O_REJECTED)
#endif
#if REPAIRS > 0
proctype Reconciler(byte o) {
end:
    do
    :: atomic { repairs > 0 && res[o] == R_HELD -> repairs--; running++ };
        atomic { running--;
            if
            :: IS_LEFT_OVER(o) -> put(o, RELEASE)
            :: order[o] == O_SHIPPED -> put(o, FULFIL)
            :: else -> skip
            fi }
    od
}
#endif

/* Blocked until it is false, so that it adds no states: a key is completed if and only if its order is decided, and no two
 * placings hold one token. */
#define ONE_FACT(o) (key[o] == K_NONE || (key[o] == K_COMPLETED) == (order[o] > O_PENDING))
proctype Watch() {
end:
    atomic { !ALL(ONE_FACT) -> assert(ALL(ONE_FACT)) }
}
#if ORDERS == 1 && POSTS == 2 && !defined(M_NO_TOKEN)
proctype Fence() {
end:
    atomic { held[0] != 0 && held[0] == held[1] -> assert(held[0] != held[1]) }
}
#endif

init { atomic {
    byte o = 0, p = 0, slots = 0;
    do
    :: o < ORDERS ->
        do :: p < (o == 0 -> POSTS : POSTS_2) -> run Post(o, slots); slots++; running++; p++ :: else -> p = 0; break od;
#if STEPS > 0
        run Cancel(o); run Ship(o);
#endif
        run Messages(o); run Time(o);
#if REPAIRS > 0
        run Reconciler(o);
#endif
        o++
    :: else -> break
    od;
#if BATCHES > 0
    do :: p < BATCHES -> run Batch(slots); slots = slots + ORDERS; running++; p++ :: else -> break od;
#endif
#if ORDERS == 1
    run Competitor();
#endif
    run Completer();
    run Watch();
#if ORDERS == 1 && POSTS == 2 && !defined(M_NO_TOKEN)
    run Fence();
#endif
    o = 0; p = 0; slots = 0 } }
