/** How far the clocks of account-service, its database and another service may differ, in seconds. */
export const CLOCK_SKEW_SECONDS = 30;
