import { Card } from '@radix-ui/themes';
import type { ReactNode } from 'react';
import { CheckCallback, CheckCos, ProbeEncoders } from '../../parts/checks.tsx';
import { AppearanceCards, SessionCard } from './browser.tsx';
import { CosKeys } from './cos-keys.tsx';
import { ApplicationsSection, DestinationsSection } from './destinations.tsx';
import { DiagnosticsSection } from './diagnostics.tsx';
import { Estimate } from './estimate.tsx';
import { AccessFacts, CertificateFacts, DiskFacts } from './facts.tsx';
import { SectionForm } from './section-form.tsx';
import { Tokens } from './tokens.tsx';

export interface SessionFacts {
  required: boolean;
  name: string | null;
  role: string | null;
}

type FormProps = Omit<Parameters<typeof SectionForm>[0], 'isDisabled' | 'heads' | 'feet'>;

interface SectionContentProps extends FormProps {
  session: SessionFacts;
  isAdmin: boolean;
}

/** What a section holds: its settings, and beside them what they are tried with. */
export function SectionContent({ session, isAdmin, ...form }: SectionContentProps): ReactNode {
  const isDisabled = !isAdmin;
  switch (form.section) {
    case 'recording':
      return (
        <>
          <SectionForm
            {...form}
            isDisabled={isDisabled}
            feet={{ picture: (valueNow) => <Estimate valueNow={valueNow} /> }}
          />
          <Card size="3">
            <ProbeEncoders />
          </Card>
        </>
      );
    case 'storage':
      return <SectionForm {...form} isDisabled={isDisabled} heads={{ disk: <DiskFacts /> }} />;
    case 'upload':
      return (
        <>
          <CosKeys isDisabled={isDisabled} />
          <Card size="3">
            <CheckCos />
          </Card>
          <SectionForm {...form} isDisabled={isDisabled} />
        </>
      );
    case 'callback':
      return (
        <>
          <SectionForm {...form} isDisabled={isDisabled} />
          <Card size="3">
            <CheckCallback />
          </Card>
        </>
      );
    case 'access':
      return (
        <AccessFacts isAdmin={isAdmin}>
          <Tokens isAdmin={isAdmin} session={session} />
          <SessionCard session={session} />
          <SectionForm {...form} isDisabled={isDisabled} heads={{ certificate: <CertificateFacts /> }} />
        </AccessFacts>
      );
    case 'destinations':
      return (
        <>
          <DestinationsSection />
          <ApplicationsSection />
        </>
      );
    case 'diagnostics':
      return <DiagnosticsSection />;
    case 'appearance':
      return <AppearanceCards />;
    default:
      return <SectionForm {...form} isDisabled={isDisabled} />;
  }
}
