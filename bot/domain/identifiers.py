"""The ids that Mooring passes around, kept apart by the type checker.

Discord's snowflakes are 64-bit integers. A provider's ids are opaque strings, unique across
providers by their prefixes (`cus_`, `sub_`, `pi_`, `in_` and so on).
"""

from typing import NewType

UserId = NewType("UserId", int)
# Stands where a member was who had their data erased. Discord gives nobody this id.
ERASED_USER = UserId(0)
GuildId = NewType("GuildId", int)
ChannelId = NewType("ChannelId", int)
RoleId = NewType("RoleId", int)
MessageId = NewType("MessageId", int)
AttachmentId = NewType("AttachmentId", int)

ProviderName = NewType("ProviderName", str)
STRIPE = ProviderName("stripe")
CREEM = ProviderName("creem")
CustomerId = NewType("CustomerId", str)
SubscriptionId = NewType("SubscriptionId", str)
InvoiceId = NewType("InvoiceId", str)
DisputeId = NewType("DisputeId", str)
PaymentId = NewType("PaymentId", str)
PriceId = NewType("PriceId", str)
PlanId = NewType("PlanId", str)
TopUpId = NewType("TopUpId", str)

CheckoutId = NewType("CheckoutId", str)
LinkRequestId = NewType("LinkRequestId", str)
AttemptId = NewType("AttemptId", str)
RefundId = NewType("RefundId", str)
TicketId = NewType("TicketId", str)
PanelId = NewType("PanelId", str)
WithdrawalId = NewType("WithdrawalId", str)
