/** What the organization asks of its VENs, as the PCE said it last; kept for times without a connection. */
import { z } from 'zod';

export const organizationSchema = z.object({
  maintenanceTokenRequired: z.boolean().default(false),
});
export type Organization = z.infer<typeof organizationSchema>;
