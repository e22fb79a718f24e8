import { Button, Card, Heading, Text } from '@radix-ui/themes';
import { Component, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

interface PageGuardProps {
  /** Another value begins anew, as when somebody goes to another page. */
  place: string;
  children: ReactNode;
}

/** A page that breaks leaves navigation and warnings standing, and says what to do. */
export class PageGuard extends Component<PageGuardProps, { brokenAt: string | null }> {
  override state: { brokenAt: string | null } = { brokenAt: null };

  override componentDidCatch(): void {
    this.setState({ brokenAt: this.props.place });
  }

  static getDerivedStateFromError(): { brokenAt: string } {
    return { brokenAt: '' };
  }

  override componentDidUpdate(before: PageGuardProps): void {
    if (this.state.brokenAt !== null && before.place !== this.props.place) this.setState({ brokenAt: null });
  }

  override render(): ReactNode {
    return this.state.brokenAt === null ? this.props.children : <Broken />;
  }
}

function Broken() {
  const { t } = useTranslation();
  return (
    <Card size="3" role="alert">
      <Heading as="h2" size="5" mb="2">
        {t('shell.crashTitle')}
      </Heading>
      <Text as="p" mb="4">
        {t('shell.crashText')}
      </Text>
      <Button highContrast onClick={() => location.reload()}>
        {t('shell.reload')}
      </Button>
    </Card>
  );
}
