// What one can make happen at a provider: what each lever is called, and where its effect is seen.

/** By the server's name for it: the button's label, and the words that follow a pull. */
export const LEVERS = {
  decline: ["Decline next payment", "The next charge will fail. Press “To period end”, then read {who}'s direct messages."],
  accept: ["Accept payments", "The card works again."],
  "expire-card": ["Let the card expire", "The card is good for this month only. As {who}, use /account and press Refresh."],
  "portal-cancel": ["Cancel in portal", "Done without the bot. As {who}, use /balance to see what it has heard."],
  "charge-again": ["Charge it twice", "As {who}, use /help and press “A payment failed, or looks wrong”."],
  refund: ["Refund in dashboard", "Done without the bot. As Max, look at #mooring-log: one click ends the plan."],
  dispute: ["Dispute it", "{who}'s bank holds the money. As Max, look at #mooring-log. /refund is blocked now."],
  "dispute-won": ["Bank: the vendor is right", "As Max, look at #mooring-log: the payment stands."],
  "dispute-lost": ["Bank: the buyer is right", "As Max, look at #mooring-log: the bank has given the money back."],
};
export const PERIOD_END = "The clock is there now. What was due has happened: as {who}, use /balance.";
export const USED = "As the vendor's own server would report it. As {who}, use /balance.";
export const LOSE_NEXT = "The next event of {who} will never arrive. Cancel in the portal, then use /balance: only its Refresh knows.";
export const DELIVER_AGAIN = "{who} has sent its last event twice. Nothing happens twice: the chat stays as it was.";

/** The words for this person or provider. */
export const told = (words, who) => words.replaceAll("{who}", who);
